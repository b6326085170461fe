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
const known = (): readonly Connection[] => state.devices.get('d')!.connections;

beforeEach(() => state.addDevice('d', TOKEN));

it('claims presence again that Redis has lost', async () => {
  const { links, ended, connect } = edge('e1', 'mqtt');
  await connect('c1');
  state.devices.get('d')!.connections = [];
  links.reconcile();
  await settled();
  expect(known()).toMatchObject([{ transport: 'mqtt', edgeId: 'e1' }]);
  expect(ended).toEqual([]);
});

it('ends a connection that was taken over though nobody told it so', async () => {
  const [former, later] = [edge('e1', 'mqtt'), edge('e2', 'mqtt')];
  await former.connect('c1');
  await later.connect('c2');
  expect(later.told).toMatchObject([{ edgeId: 'e1' }]);
  former.links.reconcile();
  later.links.reconcile();
  await settled();
  expect([former.ended, later.ended]).toEqual([['c1'], []]);
  expect(known()).toMatchObject([{ transport: 'mqtt', edgeId: 'e2' }]);
});

it.each(['per-transport', 'single'] as const)(
  'a connection over another transport ends it where a device has one altogether (%s)',
  async (policy) => {
    const presence = new InMemoryPresence(state, policy);
    const [mqtt, xmpp] = [edge('e1', 'mqtt', presence), edge('e1', 'xmpp', presence)];
    await mqtt.connect('c1');
    await xmpp.connect('c2');
    if (policy === 'per-transport') state.devices.get('d')!.connections = known().slice(0, 1);
    mqtt.links.reconcile();
    await settled();
    expect(mqtt.ended).toEqual(policy === 'single' ? ['c1'] : []);
    expect(known()).toHaveLength(policy === 'single' ? 1 : 2);
  },
);

it('leaves one alone whose own claim is on its way', async () => {
  const { links, ended, connect } = edge('e1', 'mqtt');
  await connect('c1');
  const [own] = known();
  state.devices.get('d')!.connections = [{ ...own!, epoch: own!.epoch + 1 }];
  links.reconcile();
  await settled();
  expect(ended).toEqual([]);
  expect(known()).toEqual([{ ...own, epoch: own!.epoch + 1 }]);
});
