import { DELIVERY_STATES, type DeliveryCounts } from '@carillon/domain';
import { check, type Funnels } from './checker.js';
import { type Accepted, Ledger, type Sighting } from './ledger.js';
import { leftOver } from './left-over.js';

/** A ledger with one thing after another, as a run would write it down. */
class Story {
  readonly ledger = new Ledger();
  private connections = 0;
  private events = 0;

  accept(id: string, more: Partial<Accepted> = {}): this {
    const n = Number(id.slice(1));
    const begunTick = this.ledger.tick();
    const plain = { priority: 'normal', expiresAt: 5_000, onlineOnly: false, scheduled: false } as const;
    const recipients = more.recipients ?? ['phone'];
    this.ledger.accept({ id, n, begunTick, recipients, restricted: false, ...plain, ...more });
    return this.receipt(id, 'queued', '', recipients.length);
  }

  connect(): number {
    this.ledger.tick();
    return ++this.connections;
  }

  see(id: string, seq: number, more: Partial<Sighting> = {}): this {
    const n = Number(id.slice(1));
    const place = { device: 'phone', transport: 'mqtt', connection: this.connections, begunTick: 0 } as const;
    this.ledger.see({ ...place, id, n, seq, priority: 'normal', ...more });
    return this;
  }

  receipt(id: string, state: string, device = 'phone', count = 1, at = 6_000): this {
    this.ledger.receive({ event: String(++this.events), state, id, device, count, at });
    return this;
  }

  delivered(id: string, seq: number): this {
    return this.see(id, seq).receipt(id, 'written').receipt(id, 'acknowledged');
  }

  /** What an API would say that has seen the same receipts. */
  funnels(): Funnels {
    const zero = Object.fromEntries(DELIVERY_STATES.map((state) => [state, 0]));
    const counts = (id: string): DeliveryCounts => {
      const found: Record<string, number> = { ...zero, pending: 0 };
      for (const receipt of this.ledger.receipts.values())
        if (receipt.id === id) found[receipt.state] = (found[receipt.state] ?? 0) + receipt.count;
      return found as unknown as DeliveryCounts;
    };
    return new Map(
      [...this.ledger.accepted.keys()].map((id) => [id, { status: 'sent', counts: counts(id) }]),
    );
  }

  rules(funnels = this.funnels()): string[] {
    return check(this.ledger, funnels).map(({ rule }) => rule);
  }
}

let story: Story;
beforeEach(() => (story = new Story()));

it('is content with what was accepted, seen, acknowledged and counted', () => {
  story.accept('n1').accept('n2').delivered('n1', 10).see('n2', 11).see('n2', 11, { connection: 7 });
  expect(story.receipt('n2', 'acknowledged').rules()).toEqual([]);
});

describe('arrival', () => {
  it.each([
    ['nothing came of it', () => story.accept('n1'), 'lost'],
    ['it was seen, and no receipt says that it ended', () => story.accept('n1').see('n1', 1), 'lost'],
    [
      'one of two recipients is forgotten',
      () => story.accept('n1', { recipients: ['phone', 'other'] }).delivered('n1', 1),
      'lost',
    ],
    [
      'its acknowledgement stands, and nobody saw it',
      () => story.accept('n1').receipt('n1', 'acknowledged'),
      'acknowledged unseen',
    ],
    [
      'it expired before its time',
      () => story.accept('n1', { expiresAt: 60_000 }).receipt('n1', 'expired'),
      'ended without reason',
    ],
    [
      'it collapsed into nothing',
      () => story.accept('n1', { collapseKey: 'k' }).receipt('n1', 'collapsed'),
      'ended without reason',
    ],
    [
      'it was dropped within the bounds',
      () => story.accept('n1').receipt('n1', 'dropped'),
      'ended without reason',
    ],
    [
      'it ended in two ways',
      () => story.accept('n1').delivered('n1', 1).receipt('n1', 'expired'),
      'ended twice',
    ],
    [
      'another device saw it',
      () => story.accept('n1').delivered('n1', 1).see('n1', 2, { device: 'other' }),
      'given to another',
    ],
    [
      'its repetition was accepted as another one',
      () => story.accept('n1').delivered('n1', 1).see('n9', 2, { n: 1 }),
      'accepted twice',
    ],
  ])('notices when %s', (_name, tell, rule) => {
    tell();
    expect(story.rules()).toContain(rule);
  });

  it.each([
    ['expired in time', () => story.accept('n1').receipt('n1', 'expired')],
    [
      'was for whoever is online',
      () => story.accept('n1', { expiresAt: 9_000, onlineOnly: true }).receipt('n1', 'expired'),
    ],
    [
      'gave way to a later one',
      () =>
        story
          .accept('n1', { collapseKey: 'k' })
          .accept('n2', { collapseKey: 'k' })
          .receipt('n1', 'collapsed')
          .delivered('n2', 2),
    ],
  ])('takes the receipt of one that %s', (_name, tell) => {
    tell();
    expect(story.rules()).toEqual([]);
  });
});

describe('repetition', () => {
  beforeEach(() => story.accept('n1').see('n1', 1));

  it('is fine until the acknowledgement is confirmed, on a connection that began before', () => {
    const begunTick = story.ledger.tick();
    story.receipt('n1', 'acknowledged').see('n1', 1, { connection: 2, begunTick });
    expect(story.rules()).toEqual([]);
  });

  it.each([
    ['a receipt', () => story.receipt('n1', 'acknowledged')],
    ['the answer to the acknowledgement', () => story.ledger.confirm('phone', ['n1'])],
  ])('on a later connection is noticed after %s', (_name, confirm) => {
    confirm();
    story.see('n1', 1, { connection: 2, begunTick: story.ledger.tick() });
    expect(story.rules()).toContain('seen after its end');
  });
});

describe('turns', () => {
  const turn = 'device phone';

  it('are kept where one was answered before the other was sent', () => {
    story.accept('n1', { turn }).accept('n2', { turn }).delivered('n2', 1).delivered('n1', 2);
    expect(story.rules()).toContain('out of order');
  });

  it('are nobody’s where both were sent at once', () => {
    story.accept('n1', { turn }).accept('n2', { turn, begunTick: 0 }).delivered('n2', 1).delivered('n1', 2);
    expect(story.rules()).toEqual([]);
  });

  it('mean nothing to what has none', () => {
    story.accept('n1', { turn }).accept('n2').delivered('n2', 1).delivered('n1', 2);
    expect(story.rules()).toEqual([]);
  });
});

describe('order', () => {
  beforeEach(() => story.accept('n1').accept('n2').accept('n3'));

  it('is noticed to be broken within a connection, and over two of them', () => {
    story.delivered('n2', 2).delivered('n1', 1).delivered('n3', 3);
    expect(story.rules()).toEqual(['out of order', 'out of order']);
  });

  it('holds within a priority, and for what is seen for the first time', () => {
    story
      .delivered('n2', 2)
      .see('n1', 1, { priority: 'high' })
      .see('n2', 2, { connection: 5 })
      .receipt('n1', 'acknowledged');
    expect(story.delivered('n3', 3).rules()).toEqual([]);
  });
});

describe('funnels', () => {
  it.each([
    ['an acknowledgement that no receipt tells of', { acknowledged: 2 }],
    ['a delivery that is still pending', { pending: 1 }],
    ['a delivery too few', { queued: 0 }],
  ])('%s is noticed', (_name, counts) => {
    story.accept('n1').delivered('n1', 1);
    const { status, counts: right } = story.funnels().get('n1')!;
    expect(story.rules(new Map([['n1', { status, counts: { ...right, ...counts } }]]))).toContain('funnel');
  });

  it('that are not there, or not closed, are noticed', () => {
    story.accept('n1').delivered('n1', 1).accept('n2').delivered('n2', 2);
    const { counts } = story.funnels().get('n2')!;
    expect(story.rules(new Map([['n2', { status: 'sending', counts }]]))).toEqual(['not sent', 'not sent']);
  });
});

describe('keys', () => {
  const owners = { edges: new Set(['edge-1']), devices: new Set(['phone']), webhooks: new Set(['hook']) };
  const key = (name: string, more: object = {}) => ({ name, ttl: -1, size: 1, members: [], ...more });

  it.each([
    ['a key of an unknown kind', key('{p0}:mystery')],
    ['a notification without an expiry', key('{l0}:ntf:n1')],
    ['an entry that nobody works on', key('{l0}:intake')],
    ['a consumer of a worker that is gone', key('{p0}:receipts', { size: 0, members: ['worker-7'] })],
    ['an inbox that is not empty', key('{p0}:inbox:phone')],
    ['a connection of nobody', key('{p0}:online', { members: ['phone'] })],
    ['the state of an edge that is gone', key('{p0}:mqtt:held:edge-7')],
    ['a dead edge among the living', key('{sys}:edges', { members: ['edge-1', 'edge-7'] })],
    ['entries that are counted and not there', key('{p0}:held', { members: ['#n:default', '3'] })],
  ])('%s is left over', (_name, found) => {
    expect(leftOver([found], owners)).toMatchObject([{ rule: 'left over' }]);
  });

  it.each([
    key('{sys}:install'),
    key('{l0}:ntf:n1', { ttl: 5 }),
    key('{l0}:intake', { size: 0 }),
    key('{p0}:dev:phone'),
    key('{sys}:edges', { members: ['edge-1'] }),
    key('{p0}:held', { members: ['#n:default', '0'] }),
  ])('%j may stay', (found) => {
    expect(leftOver([found], owners)).toEqual([]);
  });
});
