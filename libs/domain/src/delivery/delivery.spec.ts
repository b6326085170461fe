import { newNotificationId, NOTIFICATION_ID, shardOf } from '../identifiers.js';
import { envelopeContent, envelopeJson, type Notification } from '../notification/notification.js';
import { uncarriableAt } from '../notification/text.js';
import { distance, inCircle } from '../area/area.js';
import { decodeDelivery, decodeSteps, encodeStep, type StepRecord } from './delivery.js';
import { parseDeviceEvent } from './device-event.js';

describe('steps', () => {
  it.each<StepRecord>([
    { state: 'queued', at: 1_800_000_000_000 },
    { state: 'written', at: 1_800_000_000_001, transport: 'mqtt' },
    { state: 'acknowledged', at: 1_800_000_000_002, transport: 'xmpp', detail: 'sm' },
    { state: 'expired', at: 1_800_000_000_003, detail: 'offline' },
  ])('keep what they say when stored: %j', (step) => {
    expect(decodeSteps(encodeStep(step))).toEqual([step]);
  });

  it('cannot be forged by a detail', () => {
    const step = encodeStep({ state: 'failed', at: 1, transport: 'mqtt', detail: 'a;o1,b' });
    expect(decodeSteps(step)).toEqual([{ state: 'failed', at: 1, transport: 'mqtt', detail: 'a o1 b' }]);
  });

  it('end in the state of the delivery', () => {
    const stored = [encodeStep({ state: 'queued', at: 1 }), encodeStep({ state: 'dropped', at: 2 })].join(
      ';',
    );
    expect(decodeDelivery('n', 'd', stored)).toMatchObject({
      state: 'dropped',
      steps: [{ at: 1 }, { at: 2 }],
    });
  });
});

describe('identifiers', () => {
  it('of notifications sort by time and never repeat', () => {
    const ids = Array.from({ length: 1_000 }, () => newNotificationId(1_800_000_000_000));
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(NOTIFICATION_ID);
    expect(newNotificationId(1_800_000_000_001) > ids.sort().at(-1)!).toBe(true);
  });

  it('are spread evenly over shards, and always the same way', () => {
    const counts = new Map<number, number>();
    for (let i = 0; i < 64_000; i++) {
      const shard = shardOf(`device-${i}`, 64);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(counts.size).toBe(64);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200);
    // Stored state depends on these: they never change.
    expect([shardOf('phone-1', 64), shardOf('alice', 64), shardOf('', 64)]).toEqual([39, 35, 60]);
  });
});

describe('the envelope', () => {
  const notification: Notification = {
    id: newNotificationId(1),
    app: 'default',
    kind: 'message',
    data: { a: 1 },
    audience: { everyone: true },
    acceptedAt: 1,
    at: 1_800_000_000_000,
    expiresAt: 1_800_000_060_000,
    ttl: 60,
    collapseKey: 'k',
  };

  it('gets its seq behind its id, and is JSON', () => {
    const content = JSON.stringify(envelopeContent(notification));
    expect(JSON.parse(envelopeJson(content, notification.id, 42))).toEqual({
      id: notification.id,
      seq: 42,
      kind: 'message',
      data: { a: 1 },
      sentAt: '2027-01-15T08:00:00.000Z',
      expiresAt: '2027-01-15T08:01:00.000Z',
      collapseKey: 'k',
    });
  });
});

describe('uncarriableAt', () => {
  it.each([
    ['plain', -1],
    ['tab\tand\nnew line', -1],
    ['emoji 🎉', -1],
    ['bell \u0007', 5],
    ['\ud800 lone', 0],
    ['nul\u0000', 3],
    ['\uffff', 0],
  ])('%j → %i', (text, at) => {
    expect(uncarriableAt(text)).toBe(at);
  });
});

describe('areas', () => {
  it('measure over the antimeridian and near the pole', () => {
    expect(distance({ lat: 0, lon: 179.9 }, { lat: 0, lon: -179.9 })).toBeCloseTo(22_245, -2);
    expect(inCircle({ lat: 85, lon: 0 }, { lat: 85, lon: 180, radius: 1_120_000 })).toBe(true);
    expect(inCircle({ lat: 31.2304, lon: 121.4737 }, { lat: 48.8566, lon: 2.3522, radius: 9_000_000 })).toBe(
      false,
    );
  });
});

describe('parseDeviceEvent', () => {
  const source = { app: 'default', deviceId: 'd', transport: 'mqtt', at: 1 };
  const id = newNotificationId(1);

  it.each([
    [
      { type: 'displayed', id },
      { type: 'displayed', notificationId: id },
    ],
    [
      { type: 'opened', id },
      { type: 'opened', notificationId: id },
    ],
    [
      { type: 'location', lat: 1, lon: 2 },
      { type: 'location', lat: 1, lon: 2 },
    ],
    [{ type: 'opened', id, deviceId: 'another' }, { deviceId: 'd' }],
  ])('reads %j', (json, event) => {
    expect(parseDeviceEvent(JSON.stringify(json), source)).toMatchObject({
      ok: true,
      event: { ...source, ...event },
    });
  });

  it.each([
    '',
    '7',
    '[]',
    'null',
    '{}',
    '{"type":"x"}',
    '{"type":"opened"}',
    '{"type":"opened","id":"../x"}',
  ])('refuses %j', (text) => {
    expect(parseDeviceEvent(text, source)).toMatchObject({ ok: false, detail: expect.any(String) });
  });

  it.each([{ lat: 91, lon: 0 }, { lat: '1', lon: 0 }, { lat: 0, lon: 181 }, { lat: 0 }])(
    'refuses the place %j',
    (place) => {
      expect(parseDeviceEvent(JSON.stringify({ type: 'location', ...place }), source).ok).toBe(false);
    },
  );
});
