import { runProcess } from '@carillon/process';
import { ApiModule } from './api.module.js';
import { setupOpenApi } from './http/open-api.js';

await runProcess({ name: 'api', modules: [ApiModule], servesApi: true, prepare: setupOpenApi });
