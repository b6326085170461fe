import { newNotificationId } from '../identifiers.js';
import type { DeliveryStep } from '../delivery/delivery.js';
import { advance, INBOX_START, type Priority } from '../delivery/writing-order.js';
import type { Deposit, Inbox, InboxBounds } from '../ports/inbox.js';
import type { Presence, PresenceClaim } from '../ports/presence.js';

/** What a contract suite needs of an implementation under test. */
export interface DeviceStateUnderTest {
  /** Its inboxes hold three entries, and 5,000 bytes. */
  readonly inbox: Inbox;
  /** Over the same devices, with other bounds; those of an app as if there was one partition. */
  readonly bounded: (bounds: Partial<InboxBounds>) => Inbox;
  readonly presence: Presence;
  /** Over the same devices, with one connection a device. */
  readonly singlePresence: Presence;
  readonly partitionOf: (deviceId: string) => number;
  /** Of the token that its devices have. */
  readonly tokenHash: string;
  /** Registers a new device, of the app `default` unless said otherwise, and gives its id. */
  readonly device: (app?: string) => Promise<string>;
  /** Lets a device name a push service. */
  readonly namePushService: (deviceId: string) => Promise<void>;
  /** Gives a device to a user. */
  readonly move: (deviceId: string, user: string | undefined) => Promise<void>;
}

const NOW = 1_800_000_000_000;
const deposit = (more: Partial<Deposit> = {}): Deposit => ({
  notificationId: newNotificationId(NOW),
  app: 'default',
  expiresAt: NOW + 3_600_000,
  onlineOnly: false,
  ...more,
});

/** A claim that succeeds. */
export async function claim(
  { presence, tokenHash }: Pick<DeviceStateUnderTest, 'presence' | 'tokenHash'>,
  deviceId: string,
  transport: string,
  edgeId: string,
): Promise<Extract<PresenceClaim, { ok: true }>> {
  const made = await presence.claim(deviceId, tokenHash, transport, edgeId);
  if (!made.ok) throw new Error(`${deviceId} was refused`);
  return made;
}

/** Every implementation of `Inbox` behaves so. */
export function describeInboxContract(name: string, make: () => Promise<DeviceStateUnderTest>): void {
  describe(`${name} as an inbox`, () => {
    let under: DeviceStateUnderTest;
    let id: string;
    beforeEach(async () => {
      under = await make();
      id = await under.device();
    });

    const put = (more?: Partial<Deposit>) => under.inbox.deposit(deposit(more), [id], NOW);
    const held = async (after = 0) =>
      (await under.inbox.read(id, { ...INBOX_START, normal: after }, 100)).map(
        (entry) => entry.notificationId,
      );
    const step = (notificationId: string, state: DeliveryStep['state'], more: Partial<DeliveryStep> = {}) =>
      under.inbox.record([{ app: 'default', deviceId: id, notificationId, state, at: NOW + 1, ...more }]);
    const counts = (notificationId: string) => under.inbox.counts(notificationId, [under.partitionOf(id)]);
    const stateOf = async (notificationId: string) => (await under.inbox.delivery(notificationId, id))?.state;

    it('keeps entries in the order of their deposit, with a growing seq', async () => {
      const first = newNotificationId(NOW);
      const second = newNotificationId(NOW);
      await put({ notificationId: first });
      await put({ notificationId: second });
      const entries = await under.inbox.read(id, INBOX_START, 10);
      expect(entries.map((entry) => entry.notificationId)).toEqual([first, second]);
      expect(entries[1]!.seq).toBeGreaterThan(entries[0]!.seq);
      expect(await held(entries[0]!.seq)).toEqual([second]);
      expect(await under.inbox.read(id, INBOX_START, 1)).toHaveLength(1);
    });

    it('deposits a notification once, however often it is asked to', async () => {
      const notificationId = newNotificationId(NOW);
      expect(await put({ notificationId })).toMatchObject({ deposited: 1, repeated: 0 });
      expect(await put({ notificationId })).toMatchObject({ deposited: 0, repeated: 1 });
      await step(notificationId, 'acknowledged');
      expect(await put({ notificationId })).toMatchObject({ deposited: 0, repeated: 1, online: [] });
      expect(await held()).toEqual([]);
      expect(await counts(notificationId)).toMatchObject({ queued: 1, acknowledged: 1, pending: 0 });
    });

    it('passes over ids that are no device', async () => {
      const outcome = await under.inbox.deposit(deposit(), ['no-such-device'], NOW);
      expect(outcome).toEqual({ deposited: 0, repeated: 0, unknown: 1, moved: [], online: [], asleep: [] });
    });

    it('tells who connects whether something waits', async () => {
      expect(await claim(under, id, 'mqtt', 'edge-1')).toMatchObject({ waits: false });
      const notificationId = newNotificationId(NOW);
      await put({ notificationId });
      expect(await claim(under, id, 'mqtt', 'edge-1')).toMatchObject({ waits: true });
      await step(notificationId, 'acknowledged');
      expect(await claim(under, id, 'mqtt', 'edge-1')).toMatchObject({ waits: false });
    });

    it('names connected devices with the seq before, newest connection first', async () => {
      await put();
      const [before] = await under.inbox.read(id, INBOX_START, 1);
      await claim(under, id, 'mqtt', 'edge-1');
      const { epoch } = await claim(under, id, 'poll', 'edge-2');
      const { online } = await put();
      expect(online).toHaveLength(1);
      expect(online[0]).toMatchObject({ deviceId: id, previousSeq: before!.seq });
      expect(online[0]!.connections.map(({ transport }) => transport)).toEqual(['poll', 'mqtt']);
      expect(online[0]!.connections[0]).toEqual({ transport: 'poll', edgeId: 'edge-2', epoch });
    });

    it('names a connected device again when a deposit is repeated before its acknowledgement', async () => {
      const notificationId = newNotificationId(NOW);
      await claim(under, id, 'mqtt', 'edge-1');
      const first = await put({ notificationId });
      const again = await put({ notificationId });
      expect(again.online).toEqual(first.online);
    });

    it('names devices that are not connected and have a push service, also when a deposit is repeated', async () => {
      const notificationId = newNotificationId(NOW);
      expect(await put()).toMatchObject({ asleep: [] });
      await under.namePushService(id);
      expect(await put({ notificationId })).toMatchObject({ asleep: [id], online: [] });
      expect(await put({ notificationId })).toMatchObject({ repeated: 1, asleep: [id] });
      await step(notificationId, 'acknowledged');
      expect(await put({ notificationId })).toMatchObject({ repeated: 1, asleep: [] });
      expect(await put({ onlineOnly: true })).toMatchObject({ asleep: [] });
      await claim(under, id, 'mqtt', 'edge-1');
      expect(await put()).toMatchObject({ asleep: [] });
    });

    it('wakes nobody for a device that has another owner since', async () => {
      await under.move(id, 'ann');
      await under.namePushService(id);
      await under.move(id, 'bob');
      expect(await put()).toMatchObject({ deposited: 1, asleep: [] });
    });

    it('tells a previous seq of 0 for an empty inbox', async () => {
      await claim(under, id, 'mqtt', 'edge-1');
      expect((await put()).online[0]).toMatchObject({ previousSeq: 0 });
    });

    it('expires at once what is for devices that are online, and this one is not', async () => {
      const notificationId = newNotificationId(NOW);
      await put({ notificationId, onlineOnly: true });
      expect(await held()).toEqual([]);
      expect(await stateOf(notificationId)).toBe('expired');
      expect(await counts(notificationId)).toMatchObject({ queued: 1, expired: 1, pending: 0 });
    });

    it('keeps what is for devices that are online when this one is', async () => {
      await claim(under, id, 'mqtt', 'edge-1');
      const notificationId = newNotificationId(NOW);
      await put({ notificationId, onlineOnly: true });
      expect(await held()).toEqual([notificationId]);
    });

    it('closes at once what has expired before it could be deposited', async () => {
      const notificationId = newNotificationId(NOW);
      await put({ notificationId, expiresAt: NOW });
      expect(await held()).toEqual([]);
      expect((await under.inbox.delivery(notificationId, id))?.steps.at(-1)).toMatchObject({
        state: 'expired',
        detail: 'late',
      });
    });

    it('hands out no seq below the time, so that none comes twice after a store has lost its last moments', async () => {
      await put();
      expect((await under.inbox.read(id, INBOX_START, 1))[0]!.seq).toBeGreaterThan(NOW);
    });

    it('purges what waits for a device that goes to another owner, with a receipt each', async () => {
      await under.move(id, 'ann');
      const ids = [newNotificationId(NOW), newNotificationId(NOW)] as [string, string];
      await put({ notificationId: ids[0], bytes: 3_000 });
      await put({ notificationId: ids[1], collapseKey: 'score' });
      await under.move(id, 'bob');
      expect(await held()).toEqual([]);
      const last = (await under.inbox.delivery(ids[0], id))?.steps.at(-1);
      expect(last).toMatchObject({ state: 'purged', detail: 'owner changed' });
      expect(await counts(ids[1])).toMatchObject({ queued: 1, purged: 1, pending: 0 });
      await step(ids[0], 'acknowledged');
      expect(await stateOf(ids[0])).toBe('purged');
      // Nothing of it counts against the bounds any more.
      await put({ bytes: 4_900 });
      expect(await held()).toHaveLength(1);
    });

    it('keeps what waits for a device whose owner is named for the first time, or again', async () => {
      const notificationId = newNotificationId(NOW);
      await put({ notificationId });
      await under.move(id, 'ann');
      await under.move(id, 'ann');
      expect(await held()).toEqual([notificationId]);
    });

    it('tells a device that changed hands since its audience was looked up, and deposits for the owner that was found', async () => {
      await under.move(id, 'ann');
      const resolvedAt = Date.now();
      await under.move(id, 'bob');
      const meant = deposit({ resolvedAt });
      const give = (owner?: string) =>
        under.inbox.deposit(meant, [id], NOW, owner === undefined ? undefined : new Map([[id, owner]]));
      expect(await give()).toMatchObject({ deposited: 0, moved: [id] });
      expect(await give('ann')).toMatchObject({ deposited: 0, moved: [id] });
      expect(await give('bob')).toMatchObject({ deposited: 1, moved: [] });
    });

    it('knows the owner of a device that changed hands by way of nobody', async () => {
      await under.move(id, 'ann');
      const resolvedAt = Date.now();
      await under.move(id, undefined);
      await under.move(id, 'bob');
      const give = (owner: string) =>
        under.inbox.deposit(deposit({ resolvedAt }), [id], NOW, new Map([[id, owner]]));
      expect(await give('')).toMatchObject({ deposited: 0, moved: [id] });
      expect(await give('bob')).toMatchObject({ deposited: 1, moved: [] });
    });

    it('passes over the devices of another app, and what is no device', async () => {
      const notificationId = newNotificationId(NOW);
      const foreign = await under.device('another');
      const ids = [foreign, 'nobody', '#q', id].filter(
        (each) => under.partitionOf(each) === under.partitionOf(foreign),
      );
      const own = ids.filter((each) => each === id).length;
      const outcome = await under.inbox.deposit(deposit({ notificationId }), ids, NOW);
      expect(outcome).toMatchObject({ deposited: own, unknown: ids.length - own });
      expect(await under.inbox.read(foreign, INBOX_START, 10)).toEqual([]);
    });

    it('deposits once to a device that is named twice', async () => {
      const notificationId = newNotificationId(NOW);
      const outcome = await under.inbox.deposit(deposit({ notificationId }), [id, id], NOW);
      expect(outcome).toMatchObject({ deposited: 1, repeated: 1 });
      expect(await held()).toEqual([notificationId]);
      expect(await counts(notificationId)).toMatchObject({ queued: 1, pending: 1 });
    });

    describe('of an app that may hold little', () => {
      let app: string;
      beforeEach(async () => {
        app = `app-${newNotificationId(NOW)}`;
        id = await under.device(app);
      });
      const fill = async (inbox: Inbox, more: Partial<Deposit>[]) => {
        const ids = more.map(() => newNotificationId(NOW));
        for (const [i, each] of more.entries())
          await inbox.deposit(deposit({ app, notificationId: ids[i], ...each }), [id], NOW);
        return ids;
      };

      it('drops the oldest of the same device for one more', async () => {
        const ids = await fill(under.bounded({ maxAppEntries: 2 }), [{}, {}, {}]);
        expect(await held()).toEqual(ids.slice(1));
        expect(await stateOf(ids[0]!)).toBe('dropped');
      });

      it('drops what finds nothing of its own device to take the place of', async () => {
        const notificationId = newNotificationId(NOW);
        const inbox = under.bounded({ maxAppBytes: 2_000 });
        await inbox.deposit(deposit({ app, notificationId, bytes: 2_100 }), [id], NOW);
        expect(await held()).toEqual([]);
        expect(await stateOf(notificationId)).toBe('dropped');
      });

      it.each([{ maxAppEntries: 2 }, { maxAppBytes: 3_000 }, { maxEntries: 2 }])(
        'refuses one more where that is the policy, with a receipt: %j',
        async (bounds) => {
          const inbox = under.bounded({ ...bounds, policy: 'refuse' });
          const ids = await fill(inbox, [{ bytes: 1_400 }, { bytes: 1_400 }, { bytes: 1_400 }]);
          expect(await held()).toEqual(ids.slice(0, 2));
          const last = (await under.inbox.delivery(ids[2]!, id))?.steps.at(-1);
          expect(last).toMatchObject({ state: 'dropped', detail: 'inbox full' });
          expect(await counts(ids[2]!)).toMatchObject({ queued: 1, dropped: 1, pending: 0 });
        },
      );
    });

    it('replaces an undelivered entry with the same collapse key, and no other', async () => {
      const [old, other, fresh] = [0, 1, 2].map(() => newNotificationId(NOW)) as [string, string, string];
      await put({ notificationId: old, collapseKey: 'score' });
      await put({ notificationId: other, collapseKey: 'weather' });
      await put({ notificationId: fresh, collapseKey: 'score' });
      expect(await held()).toEqual([other, fresh]);
      expect(await stateOf(old)).toBe('collapsed');
      expect(await counts(old)).toMatchObject({ queued: 1, collapsed: 1, pending: 0 });
    });

    it('leaves an acknowledged one alone when its collapse key comes again', async () => {
      const old = newNotificationId(NOW);
      await put({ notificationId: old, collapseKey: 'score' });
      await step(old, 'acknowledged');
      await put({ collapseKey: 'score' });
      expect(await stateOf(old)).toBe('acknowledged');
    });

    it('drops the oldest entry for one more than its bound, and says so', async () => {
      const ids = [0, 1, 2, 3].map(() => newNotificationId(NOW));
      for (const notificationId of ids.slice(0, 3)) await put({ notificationId });
      const [oldest] = await under.inbox.read(id, INBOX_START, 1);
      expect(await under.inbox.floor(id)).toBe(0);
      await put({ notificationId: ids[3] });
      expect(await held()).toEqual(ids.slice(1));
      expect(await stateOf(ids[0]!)).toBe('dropped');
      expect(await under.inbox.floor(id)).toBe(oldest!.seq);
    });

    it('drops as many of the oldest as the bound of bytes asks for, small ones aside', async () => {
      const ids = [0, 1, 2, 3].map(() => newNotificationId(NOW));
      await put({ notificationId: ids[0], bytes: 3_000 });
      await put({ notificationId: ids[1], bytes: 1_900 });
      await put({ notificationId: ids[2], bytes: 1_024 });
      expect(await held()).toEqual(ids.slice(0, 3));
      await put({ notificationId: ids[3], bytes: 4_000 });
      expect(await held()).toEqual([ids[2], ids[3]]);
      expect([await stateOf(ids[0]!), await stateOf(ids[1]!)]).toEqual(['dropped', 'dropped']);
      await step(ids[3]!, 'acknowledged');
      await put({ bytes: 5_000 });
      expect(await held()).toHaveLength(2);
    });

    it('gives way to high ones with normal ones first', async () => {
      const ids = [0, 1, 2, 3].map(() => newNotificationId(NOW));
      const priorities: Priority[] = ['high', 'normal', 'normal', 'high'];
      for (const [i, priority] of priorities.entries()) await put({ notificationId: ids[i], priority });
      expect(await held()).toEqual([ids[0], ids[3], ids[2]]);
      expect(await stateOf(ids[1]!)).toBe('dropped');
    });

    it('reads high ones first, four to a normal one, also when one is read at a time', async () => {
      const ids = [0, 1, 2].map(() => newNotificationId(NOW));
      await put({ notificationId: ids[0] });
      await put({ notificationId: ids[1], priority: 'high' });
      await put({ notificationId: ids[2], priority: 'high' });
      expect(await held()).toEqual([ids[1], ids[2], ids[0]]);
      let cursor = { ...INBOX_START, streak: 3 };
      const order: string[] = [];
      for (let i = 0; i < 3; i++) {
        const [entry] = await under.inbox.read(id, cursor, 1);
        order.push(entry!.notificationId);
        cursor = advance(cursor, entry!);
      }
      expect(order).toEqual([ids[1], ids[0], ids[2]]);
      expect(await under.inbox.read(id, cursor, 1)).toEqual([]);
    });

    it('tells the place before of the same priority', async () => {
      await claim(under, id, 'mqtt', 'edge-1');
      await put({ priority: 'high' });
      const [high] = await under.inbox.read(id, INBOX_START, 1);
      expect(high!.seq).toBeGreaterThan(NOW);
      expect((await put()).online[0]).toMatchObject({ previousSeq: 0 });
      const notificationId = newNotificationId(NOW);
      const first = await put({ notificationId, priority: 'high' });
      expect(first.online[0]).toMatchObject({ previousSeq: high!.seq });
      expect((await put({ notificationId, priority: 'high' })).online).toEqual(first.online);
    });

    it('takes out the one that it replaces, where that still waits', async () => {
      const [old, fresh] = [newNotificationId(NOW), newNotificationId(NOW)];
      await put({ notificationId: old });
      await put({ notificationId: fresh, replaces: old });
      expect(await held()).toEqual([fresh]);
      expect(await stateOf(old)).toBe('collapsed');
    });

    it('takes back what waits, and leaves alone what arrived', async () => {
      const [waiting, arrived] = [newNotificationId(NOW), newNotificationId(NOW)];
      await put({ notificationId: waiting });
      await put({ notificationId: arrived });
      await step(arrived, 'acknowledged', { edge: 'edge-1', transport: 'mqtt' });
      await step(waiting, 'recalled');
      await step(arrived, 'recalled');
      expect(await held()).toEqual([]);
      expect(await stateOf(waiting)).toBe('recalled');
      expect((await under.inbox.delivery(arrived, id))!.steps.at(-1)).toEqual({
        state: 'acknowledged',
        at: NOW + 1,
        transport: 'mqtt',
        edge: 'edge-1',
      });
      expect(await counts(waiting)).toMatchObject({ queued: 1, recalled: 1, pending: 0 });
    });

    it('moves a delivery forward only', async () => {
      const notificationId = newNotificationId(NOW);
      await put({ notificationId });
      await step(notificationId, 'written', { transport: 'mqtt' });
      await step(notificationId, 'acknowledged', { transport: 'mqtt', detail: 'puback' });
      await step(notificationId, 'written', { transport: 'poll' });
      await step(notificationId, 'expired');
      await step(notificationId, 'acknowledged');
      expect(await under.inbox.delivery(notificationId, id)).toEqual({
        deviceId: id,
        notificationId,
        state: 'acknowledged',
        steps: [
          { state: 'queued', at: NOW },
          { state: 'written', at: NOW + 1, transport: 'mqtt' },
          { state: 'acknowledged', at: NOW + 1, transport: 'mqtt', detail: 'puback' },
        ],
      });
      expect(await counts(notificationId)).toMatchObject({
        queued: 1,
        written: 1,
        acknowledged: 1,
        expired: 0,
      });
    });

    it('takes a display as proof of arrival', async () => {
      const notificationId = newNotificationId(NOW);
      await put({ notificationId });
      await step(notificationId, 'opened');
      expect(await held()).toEqual([]);
      const delivery = await under.inbox.delivery(notificationId, id);
      expect(delivery?.steps.map(({ state }) => state)).toEqual(['queued', 'acknowledged', 'opened']);
      expect(await counts(notificationId)).toMatchObject({ acknowledged: 1, opened: 1, pending: 0 });
    });

    it('closes what has expired', async () => {
      const notificationId = newNotificationId(NOW);
      await put({ notificationId });
      await step(notificationId, 'expired');
      await step(notificationId, 'acknowledged');
      expect(await held()).toEqual([]);
      expect(await stateOf(notificationId)).toBe('expired');
    });

    it('takes steps of unknown deliveries without complaint', async () => {
      const unknown = newNotificationId(NOW);
      await step(unknown, 'acknowledged');
      expect(await under.inbox.delivery(unknown, id)).toBeUndefined();
    });
  });
}
