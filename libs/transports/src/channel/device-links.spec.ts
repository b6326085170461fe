import { jest } from '@jest/globals';
import { type Connection, NotificationContents } from '@carillon/domain';
import { InMemoryDeviceState, InMemoryInbox, InMemoryPresence } from '@carillon/domain/testing';
import type { TransportContext } from '../transport-context.js';
import { DeviceLinks } from './device-links.js';
import { ReceiptBatcher } from './receipt-batcher.js';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));
const TOKEN = 'hash';

class NoContents extends NotificationContents {
  load = () => Promise.resolve([]);
}

const state = new InMemoryDeviceState();
const inbox = new InMemoryInbox(state);

/** The links of one edge over one transport, and whom it told that his connection was taken over. */
function edge(edgeId: string, transport: 'mqtt' | 'xmpp', presence = new InMemoryPresence(state)) {
  const told: Connection[] = [];
  const ended: string[] = [];
  const context = {
    edgeId,
    inbox,
    presence,
    contents: new NoContents(),
    receipts: new ReceiptBatcher(inbox, silent),
    logger: silent,
    tell: (connections: readonly Connection[]) => Promise.resolve(void told.push(...connections)),
  } as unknown as TransportContext;
  const links = new DeviceLinks<string>(transport, context, (connection) => ended.push(connection));
  const connect = async (connection: string): Promise<void> => {
    links.open(connection, login, { pending: new Set(), write: () => 'written' });
    await settled();
  };
  return { links, told, ended, connect };
}

const login = {
  id: 'd',
  app: 'default',
  credentials: { tokenHash: TOKEN },
} as unknown as Parameters<DeviceLinks<string>['open']>[1];
const LATER = 30_000;

/** @param after ms that have passed by then */
async function look({ links }: { links: DeviceLinks<string> }, after = 0): Promise<void> {
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + after);
  links.reconcile();
  await settled();
  clock.mockRestore();
}
const known = (): readonly Connection[] => state.devices.get('d')!.connections;

beforeEach(() => state.addDevice('d', TOKEN));

it('claims presence again that Redis has lost', async () => {
  const { links, ended, connect } = edge('e1', 'mqtt');
  await connect('c1');
  state.devices.get('d')!.connections = [];
  await look({ links });
  expect(known()).toMatchObject([{ transport: 'mqtt', edgeId: 'e1' }]);
  expect(ended).toEqual([]);
});

it('ends a connection that was taken over though nobody told it so', async () => {
  const [former, later] = [edge('e1', 'mqtt'), edge('e2', 'mqtt')];
  await former.connect('c1');
  await later.connect('c2');
  expect(later.told).toMatchObject([{ edgeId: 'e1' }]);
  await look(former);
  // The newer one may be taken back yet: its socket may have closed before its claim was answered.
  expect(former.ended).toEqual([]);
  await look(former, LATER);
  await look(later, LATER);
  expect([former.ended, later.ended]).toEqual([['c1'], []]);
  expect(known()).toMatchObject([{ transport: 'mqtt', edgeId: 'e2' }]);
});

it('claims again where the newer connection has gone meanwhile', async () => {
  const [former, later] = [edge('e1', 'mqtt'), edge('e2', 'mqtt')];
  await former.connect('c1');
  await later.connect('c2');
  await look(former);
  later.links.close('d', 'c2');
  await look(former, LATER);
  expect(former.ended).toEqual([]);
  expect(known()).toMatchObject([{ transport: 'mqtt', edgeId: 'e1' }]);
});

it('tries a claim that fails in one loop, however often it looks', async () => {
  const presence = new InMemoryPresence(state);
  const { links, connect } = edge('e1', 'mqtt', presence);
  await connect('c1');
  state.devices.get('d')!.connections = [];
  const claim = jest.spyOn(presence, 'claim').mockRejectedValue(new Error('NOREPLICAS'));
  for (let i = 0; i < 5; i++) await look({ links });
  expect(claim).toHaveBeenCalledTimes(1);
  links.close('d', 'c1');
});

it.each(['per-transport', 'single'] as const)(
  'a connection over another transport ends it where a device has one altogether (%s)',
  async (policy) => {
    const presence = new InMemoryPresence(state, policy);
    const [mqtt, xmpp] = [edge('e1', 'mqtt', presence), edge('e1', 'xmpp', presence)];
    await mqtt.connect('c1');
    await xmpp.connect('c2');
    if (policy === 'per-transport') state.devices.get('d')!.connections = known().slice(0, 1);
    await look(mqtt);
    await look(mqtt, LATER);
    expect(mqtt.ended).toEqual(policy === 'single' ? ['c1'] : []);
    expect(known()).toHaveLength(policy === 'single' ? 1 : 2);
  },
);

it('leaves one alone whose own claim is on its way', async () => {
  const { links, ended, connect } = edge('e1', 'mqtt');
  await connect('c1');
  const [own] = known();
  state.devices.get('d')!.connections = [{ ...own!, epoch: own!.epoch + 1 }];
  await look({ links });
  expect(ended).toEqual([]);
  expect(known()).toEqual([{ ...own, epoch: own!.epoch + 1 }]);
});
