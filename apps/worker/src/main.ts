import { runProcess } from '@carillon/process';
import { WorkerModule } from './worker.module.js';

await runProcess({ name: 'worker', modules: [WorkerModule], consumesStreams: true });
