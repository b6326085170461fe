import { runProcess } from '@carillon/process';
import { EdgeModule } from './edge.module.js';

await runProcess({ name: 'edge', modules: [EdgeModule] });
