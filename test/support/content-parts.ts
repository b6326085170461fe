import type { Notification } from '@carillon/domain';
import {
  DeliveryCloser,
  deviceContent,
  DeviceContents,
  readDeviceFacts,
  RedisCaps,
  RedisInbox,
  RedisNotifications,
  RedisTemplates,
  type Store,
} from '@carillon/persistence';

/** A notification that differs by device: a template, what each device is told, who cannot be told. */
export async function tellEach(store: Store, notification: Notification): Promise<void> {
  const templates = new RedisTemplates(store);
  const content = { title: 'Hi {{ device.id }}' };
  await templates.save('default', { id: 'hi', content, createdAt: 0, updatedAt: 0 });
  expect(await templates.find('default', 'hi')).toMatchObject({ id: 'hi', content });
  expect(await templates.page('default', undefined, 1)).toMatchObject({ templates: [{ id: 'hi' }] });
  expect([await templates.delete('default', 'hi'), await templates.count('default')]).toEqual([true, 0]);

  const { id } = notification;
  const notifications = new RedisNotifications(store);
  await notifications.accept({ ...notification, template: content });
  expect((await notifications.find(id))!.notification.template).toEqual(content);
  const partition = store.partitionOf('device-1');
  const facts = await readDeviceFacts(store, ['device-1', 'nobody-1'], ['model']);
  expect([...facts.keys()]).toEqual(['device-1']);
  const caps = new RedisCaps(store);
  const cap = { category: 'news', max: 1, seconds: 60 };
  expect(await caps.save('default', cap)).toBe(true);
  expect(await caps.list('default')).toEqual([cap]);
  const subjects = [
    { deviceId: 'device-1', user: 'ann' },
    { deviceId: 'device-2', user: 'ann' },
    { deviceId: 'device-3' },
  ];
  const two = [cap, { ...cap, category: 'overall', max: 2 }];
  const now = Date.now();
  expect(await caps.claim('default', id, two, subjects, now)).toEqual(new Map());
  expect((await caps.claim('default', 'other', two, subjects, now)).size).toBe(3);
  expect(await caps.delete('default', 'news')).toBe(true);

  const contents = new DeviceContents(store);
  const own = deviceContent({ contentJson: '{"title":"1"}', overrides: { mqtt: '{"title":"m"}' } });
  await contents.keep(notification, partition, new Map([['device-1', own]]));
  expect(await contents.of(id, partition, ['device-1'])).toEqual(new Map([['device-1', own]]));
  expect(await notifications.load('device-1', [id])).toMatchObject([
    { contentJson: own.contentJson, overrides: own.overrides, variant: own.key },
  ]);
  expect(await notifications.load('device-2', [id])).toEqual([undefined]);
  const closer = new DeliveryCloser(store);
  const closing = { deviceId: 'device-3', state: 'failed', reason: 'no, it; cannot' } as const;
  expect(await closer.close(notification, [closing])).toBe(1);
  expect(await closer.close(notification, [closing])).toBe(0);
  const steps = (await new RedisInbox(store).delivery(id, 'device-3'))!.steps;
  expect(steps.at(-1)).toMatchObject({ state: 'failed', detail: 'no it cannot' });
}
