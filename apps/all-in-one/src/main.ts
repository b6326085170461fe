import { runProcess } from '@carillon/process';
import { ApiModule } from '../../api/src/api.module.js';
import { setupOpenApi } from '../../api/src/http/open-api.js';
import { EdgeModule } from '../../edge/src/edge.module.js';
import { WorkerModule } from '../../worker/src/worker.module.js';

await runProcess({
  name: 'all-in-one',
  modules: [ApiModule, WorkerModule, EdgeModule],
  standalone: true,
  consumesStreams: true,
  servesApi: true,
  prepare: setupOpenApi,
});
