import { type Dispatch, newNotificationId, NotificationContents, type StoredContent } from '@carillon/domain';
import { InMemoryDeviceState, InMemoryInbox } from '@carillon/domain/testing';
import type { TransportContext } from '../transport-context.js';
import { DeviceChannel, type OutgoingDelivery, type WriteOutcome } from './device-channel.js';
import { ReceiptBatcher } from './receipt-batcher.js';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const settled = () => new Promise((resolve) => setTimeout(resolve, 15));

class Contents extends NotificationContents {
  readonly known = new Map<string, StoredContent>();
  load = (_deviceId: string, ids: readonly string[]) => Promise.resolve(ids.map((id) => this.known.get(id)));
}

class Fixture {
  readonly state = new InMemoryDeviceState();
  readonly inbox = new InMemoryInbox(this.state, { maxEntries: 10_000 });
  readonly contents = new Contents();
  readonly written: OutgoingDelivery[] = [];
  window = Number.POSITIVE_INFINITY;
  outcome: WriteOutcome | undefined;
  readonly pending = new Set<string>();
  readonly channel: DeviceChannel;
  readonly receipts = new ReceiptBatcher(this.inbox, silent);

  constructor() {
    this.state.addDevice('d', 'hash');
    this.state.devices.get('d')!.connections = [{ transport: 'mqtt', edgeId: 'e', epoch: 1 }];
    const context = { inbox: this.inbox, contents: this.contents, receipts: this.receipts, logger: silent };
    this.channel = new DeviceChannel(
      {
        deviceId: 'd',
        app: 'default',
        transport: 'mqtt',
        pending: this.pending,
        write: (each) => this.write(each),
      },
      context as unknown as TransportContext,
    );
  }

  get ids(): string[] {
    return this.written.map(({ notificationId }) => notificationId);
  }

  async deposit(more: Partial<StoredContent> = {}): Promise<Dispatch & { id: string }> {
    const id = newNotificationId(Date.now());
    const content = {
      id,
      app: 'default',
      contentJson: `{"id":"${id}"}`,
      expiresAt: Date.now() + 60_000,
      ...more,
    };
    this.contents.known.set(id, content);
    const deposit = { notificationId: id, app: 'default', expiresAt: content.expiresAt, onlineOnly: false };
    const { online } = await this.inbox.deposit(deposit, ['d'], Date.now());
    return { id, content, targets: online.map((one) => ({ ...one, transport: 'mqtt', epoch: 1 })) };
  }

  hint({ targets, content }: Dispatch): void {
    this.channel.hint(targets[0]!, content);
  }

  private write(delivery: OutgoingDelivery): WriteOutcome {
    if (this.outcome) return this.outcome;
    if (this.written.length >= this.window) return 'window-full';
    this.written.push(delivery);
    return 'written';
  }
}

describe('DeviceChannel', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture();
  });

  it('brings what the inbox holds, in order, over many pages', async () => {
    const ids = [];
    for (let i = 0; i < 200; i++) ids.push((await fixture.deposit()).id);
    fixture.channel.wake();
    await settled();
    expect(fixture.ids).toEqual(ids);
  });

  it('writes a hint at once when nothing lies between', async () => {
    const first = await fixture.deposit();
    fixture.hint(first);
    expect(fixture.ids).toEqual([first.id]);
  });

  it('reads the inbox when a hint was lost or came too early, and keeps the order', async () => {
    const lost = await fixture.deposit();
    const second = await fixture.deposit();
    const third = await fixture.deposit();
    fixture.hint(third);
    fixture.hint(second);
    await settled();
    expect(fixture.ids).toEqual([lost.id, second.id, third.id]);
  });

  it('writes nothing twice when a hint is repeated', async () => {
    const first = await fixture.deposit();
    fixture.hint(first);
    fixture.hint(first);
    fixture.channel.wake();
    await settled();
    expect(fixture.ids).toEqual([first.id]);
  });

  it('loses nothing that is deposited while it reads', async () => {
    const ids = [(await fixture.deposit()).id];
    fixture.channel.wake();
    for (let i = 0; i < 50; i++) {
      const next = await fixture.deposit();
      ids.push(next.id);
      fixture.hint(next);
    }
    await settled();
    expect(fixture.ids).toEqual(ids);
  });

  it('stops at a full window and goes on where it stopped', async () => {
    fixture.window = 2;
    const ids = [];
    for (let i = 0; i < 5; i++) {
      const next = await fixture.deposit();
      ids.push(next.id);
      fixture.hint(next);
    }
    expect(fixture.ids).toEqual(ids.slice(0, 2));
    fixture.window = 3;
    fixture.channel.windowOpened();
    await settled();
    expect(fixture.ids).toEqual(ids.slice(0, 3));
    fixture.window = 10;
    fixture.channel.windowOpened();
    await settled();
    expect(fixture.ids).toEqual(ids);
  });

  it('passes over what a resumed session has in flight, what is for other transports, and what has expired', async () => {
    const inFlight = await fixture.deposit();
    fixture.pending.add(inFlight.id);
    await fixture.deposit({ transports: ['xmpp'] });
    await fixture.deposit({ expiresAt: Date.now() - 1 });
    const mine = await fixture.deposit({ transports: ['poll', 'mqtt'] });
    fixture.channel.wake();
    await settled();
    expect(fixture.ids).toEqual([mine.id]);
  });

  it('records what was written, and what the client cannot take', async () => {
    const first = await fixture.deposit();
    fixture.hint(first);
    fixture.outcome = 'too-large';
    const second = await fixture.deposit();
    fixture.hint(second);
    await fixture.receipts.flush();
    expect(await fixture.inbox.delivery(first.id, 'd')).toMatchObject({ state: 'written' });
    expect(await fixture.inbox.delivery(second.id, 'd')).toMatchObject({ state: 'failed' });
  });

  it('closes what is no longer kept', async () => {
    const gone = await fixture.deposit();
    fixture.contents.known.clear();
    fixture.channel.wake();
    await settled();
    await fixture.receipts.flush();
    expect(await fixture.inbox.delivery(gone.id, 'd')).toMatchObject({ state: 'expired' });
  });

  it('writes nothing once closed', async () => {
    fixture.channel.close();
    fixture.hint(await fixture.deposit());
    fixture.channel.wake();
    await settled();
    expect(fixture.ids).toEqual([]);
  });

  it('reads again after the inbox could not be read', async () => {
    const read = fixture.inbox.read.bind(fixture.inbox);
    let failures = 1;
    fixture.inbox.read = (...args) => (failures-- > 0 ? Promise.reject(new Error('away')) : read(...args));
    const { id } = await fixture.deposit();
    fixture.channel.wake();
    await settled();
    expect(fixture.ids).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect(fixture.ids).toEqual([id]);
    fixture.channel.close();
  });
});

describe('ReceiptBatcher', () => {
  it('tries again until the inbox has taken every step, in order', async () => {
    const taken: string[] = [];
    let failures = 1;
    const inbox = {
      record: (steps: readonly { notificationId: string }[]) => {
        if (failures-- > 0) return Promise.reject(new Error('away'));
        taken.push(...steps.map(({ notificationId }) => notificationId));
        return Promise.resolve();
      },
    };
    const receipts = new ReceiptBatcher(inbox as never, silent);
    const step = (n: string) => ({
      app: 'a',
      deviceId: 'd',
      notificationId: n,
      state: 'written' as const,
      at: 1,
    });
    receipts.record(step('1'));
    const flushed = receipts.flush();
    receipts.record(step('2'));
    await flushed;
    await receipts.flush();
    expect(taken).toEqual(['1', '2']);
  });

  it('does not wait for steps that come after the call', async () => {
    let busy = true;
    const inbox = { record: () => new Promise<void>((resolve) => setTimeout(resolve, 2)) };
    const receipts = new ReceiptBatcher(inbox as never, silent);
    const step = { app: 'a', deviceId: 'd', notificationId: 'n', state: 'written' as const, at: 1 };
    const load = setInterval(() => receipts.record(step), 1);
    receipts.record(step);
    setTimeout(() => (busy = false), 2_000);
    await receipts.flush();
    expect(busy).toBe(true);
    clearInterval(load);
    await receipts.flush();
  });
});
