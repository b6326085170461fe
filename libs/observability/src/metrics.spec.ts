import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { isLoopback, Metrics, MetricsModule, MetricsServer } from './index.js';

describe('Metrics', () => {
  it('shares a metric among those who ask for it', async () => {
    const metrics = new Metrics();
    const options = { name: 'notifications_total', help: 'accepted', labels: ['app'] as const };
    metrics.counter(options).inc({ app: 'a' });
    metrics.counter(options).inc({ app: 'a' }, 2);
    expect(await metrics.text()).toContain('carillon_notifications_total{app="a"} 3');
  });

  it.each([
    ['kind', (metrics: Metrics) => metrics.gauge({ name: 'x', help: 'x' })],
    ['labels', (metrics: Metrics) => metrics.counter({ name: 'x', help: 'x', labels: ['app'] })],
  ])('refuses the same name with another %s', (_, again) => {
    const metrics = new Metrics();
    metrics.counter({ name: 'x', help: 'x' });
    expect(() => again(metrics)).toThrow('the metric carillon_x exists already');
  });

  it('asks a gauge for its value when it is read', async () => {
    const metrics = new Metrics();
    metrics.gauge({ name: 'connections', help: 'open', collect: (gauge) => gauge.set(7) });
    expect(await metrics.text()).toContain('carillon_connections 7');
  });

  it('asks for what is counted elsewhere when it is read', async () => {
    const metrics = new Metrics();
    const counts = new Map([['a', 1]]);
    const read = () => [...counts].map(([app, count]) => [{ app }, count] as const);
    metrics.counted({ name: 'sent_total', help: 'sent', labels: ['app'], read });
    expect(await metrics.text()).toContain('carillon_sent_total{app="a"} 1');
    counts.set('a', 5).set('b', 2);
    expect(await metrics.text()).toMatch(/sent_total{app="a"} 5\ncarillon_sent_total{app="b"} 2/);
  });

  it('counts into the buckets given', async () => {
    const metrics = new Metrics();
    metrics.histogram({ name: 'delivery_seconds', help: 'time', buckets: [0.1, 1] }).observe(0.5);
    expect(await metrics.text()).toContain('carillon_delivery_seconds_bucket{le="1"} 1');
  });

  it('is one for all modules of an application', async () => {
    @Module({ imports: [MetricsModule] })
    class Api {}
    @Global()
    @Module({ imports: [MetricsModule] })
    class Edge {}
    const application = await Test.createTestingModule({ imports: [Api, Edge] }).compile();
    await application.init();
    expect(await application.get(Metrics).text()).toContain('process_cpu_seconds_total');
    await application.close();
  });
});

describe('MetricsServer', () => {
  it('answers GET /metrics alone', async () => {
    const metrics = new Metrics();
    metrics.counter({ name: 'x', help: 'x' }).inc();
    const server = new MetricsServer(metrics);
    const url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
    const answer = await fetch(`${url}/metrics?x=1`);
    expect(answer.headers.get('content-type')).toBe(metrics.contentType);
    expect(await answer.text()).toContain('carillon_x 1');
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    await server.close();
  });

  it('rejects when its port is taken', async () => {
    const [first, second] = [new MetricsServer(new Metrics()), new MetricsServer(new Metrics())];
    const port = await first.listen(0, '127.0.0.1');
    await expect(second.listen(port, '127.0.0.1')).rejects.toThrow(/EADDRINUSE/);
    await first.close();
    await second.close();
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])('takes %s', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(['10.0.0.1', '128.0.0.1', '::2', '::ffff:10.0.0.1', 'localhost', '', undefined])(
    'refuses %s',
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );
});
