import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MqttDevice, PollDevice } from '../support/devices.js';
import { GatewayProcess, Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** All-in-one on a machine where nothing is set: it runs a Redis of its own. */
const installation = new Installation();
const { REDIS_URL: _, CARILLON_ADMIN_KEY: __, ...env } = installation.environment();
const redisPid = (): number => Number(readFileSync(join(installation.dataDir, 'redis', 'redis.pid'), 'utf8'));
const lives = (pid: number): boolean => existsSync(`/proc/${pid}`);
let running: GatewayProcess | undefined;

async function start(): Promise<GatewayProcess> {
  running = await GatewayProcess.start('all-in-one', env);
  return running;
}
const adminKey = () => readFileSync(join(installation.dataDir, 'admin-key'), 'utf8').trim();
const restOf = (gateway: GatewayProcess) => new Rest(gateway.url('HTTP'), adminKey());

afterAll(async () => {
  await running?.end('SIGKILL');
  const pidFile = join(installation.dataDir, 'redis', 'redis.pid');
  if (existsSync(pidFile) && lives(redisPid())) process.kill(redisPid(), 'SIGKILL');
  rmSync(installation.dataDir, { recursive: true, force: true });
});

it('survives SIGKILL: its Redis lives on, and the next start takes it over with all that was accepted', async () => {
  const first = await start();
  await until('the banner with the key', () => first.stderr.join('\n').includes(adminKey()));
  const rest = restOf(first);
  const token = await rest.register('phone', { user: 'alice' });
  const poller = await rest.register('poller', { user: 'alice' });
  const device = new MqttDevice({ id: 'phone', token }, { url: first.url('MQTT') });
  await device.connect();
  const sent = [await rest.send({ audience: { user: 'alice' } })];
  expect(await device.expect(1)).toEqual(sent);
  await until(
    'the receipt',
    async () => (await rest.get(`/v1/notifications/${sent[0]}`)).body.counts.acknowledged === 1,
  );
  sent.push(await rest.send({ audience: { user: 'alice' }, at: new Date(Date.now() + 2_000).toISOString() }));
  const redis = redisPid();
  await first.end('SIGKILL');
  await device.disconnect();
  expect(lives(redis)).toBe(true);

  const second = await start();
  expect(redisPid()).toBe(redis);
  expect(second.log.some((line) => line.includes('taking over the private Redis'))).toBe(true);
  // The key was shown once.
  expect(second.stderr.join('\n')).not.toContain(adminKey());
  const again = new MqttDevice({ id: 'phone', token }, { url: second.url('MQTT') });
  await again.connect();
  expect(await again.expect(1)).toEqual(sent.slice(1));
  const late = new PollDevice({ id: 'poller', token: poller }, second.url('HTTP'));
  await late.connect();
  expect(await late.expect(2)).toEqual(sent);

  await Promise.all([again.disconnect(), late.disconnect()]);
  expect(await second.end('SIGTERM')).toBe(true);
  await until('its Redis has ended with it', () => !lives(redis));

  const third = await start();
  expect(redisPid()).not.toBe(redis);
  const counts = (await restOf(third).get(`/v1/notifications/${sent[1]}`)).body.counts;
  expect(counts).toMatchObject({ queued: 2, acknowledged: 2, pending: 0 });
  expect(await third.end('SIGTERM')).toBe(true);
}, 60_000);
