import { GatewayProcess, Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';
import { WebhookEndpoint } from '../support/webhook-endpoint.js';

/** Receipts reach a webhook at least once, whoever is killed in between. */
const installation = new Installation({ CARILLON_WEBHOOK_NETWORKS: '127.0.0.0/8' });
let endpoint: WebhookEndpoint;
afterAll(async () => {
  endpoint.stop();
  await installation.end();
});

it('loses no event when workers are killed while they post', async () => {
  endpoint = await WebhookEndpoint.start();
  const api = await installation.start('api');
  const workers: GatewayProcess[] = [await installation.start('worker'), await installation.start('worker')];
  const rest = new Rest(api.url('HTTP'), installation.adminKey);
  const { body } = await rest.post('/v1/webhooks', { url: endpoint.url, events: ['delivery.expired'] });
  endpoint.secrets = [body.secret];
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  await rest.register('absent');
  const sent: string[] = [];
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 100; i++) sent.push(await rest.send({ audience: { device: 'absent' }, ttl: 0 }));
    // An endpoint that is away for a moment makes batches wait.
    endpoint.status = round === 1 ? 500 : 200;
    await workers[round % 2]!.end('SIGKILL');
    workers[round % 2] = await installation.start('worker');
  }
  const missing = (): string[] => {
    const seen = new Set(endpoint.events.map(({ notificationId }) => notificationId));
    return sent.filter((id) => !seen.has(id));
  };
  await until('every receipt is posted', missing, (left) => left.length === 0, 60_000);
  expect(missing()).toEqual([]);
  const ids = endpoint.events.map(({ id }) => id);
  console.info(`${sent.length} receipts, ${ids.length - new Set(ids).size} of them posted again`);
}, 120_000);
