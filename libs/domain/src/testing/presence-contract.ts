import { claim, type DeviceStateUnderTest } from './inbox-contract.js';

/** Every implementation of `Presence` behaves so. */
export function describePresenceContract(name: string, make: () => Promise<DeviceStateUnderTest>): void {
  describe(`${name} as presence`, () => {
    let under: DeviceStateUnderTest;
    let id: string;
    beforeEach(async () => {
      under = await make();
      id = await under.device();
    });

    const transports = async () => (await under.presence.connections(id)).map(({ transport }) => transport);

    it('knows no connection of a device that never came', async () => {
      expect(await under.presence.connections(id)).toEqual([]);
    });

    it('keeps one connection a transport, newest first', async () => {
      const mqtt = await claim(under, id, 'mqtt', 'edge-1');
      const xmpp = await claim(under, id, 'xmpp', 'edge-1');
      expect([mqtt.displaced, xmpp.displaced]).toEqual([[], []]);
      expect(await transports()).toEqual(['xmpp', 'mqtt']);
      const again = await claim(under, id, 'mqtt', 'edge-2');
      expect(again.displaced).toEqual([{ transport: 'mqtt', edgeId: 'edge-1', epoch: mqtt.epoch }]);
      expect(again.epoch).toBeGreaterThan(xmpp.epoch);
      expect(await transports()).toEqual(['mqtt', 'xmpp']);
    });

    it('keeps one connection altogether where that is the policy', async () => {
      const presence = under.singlePresence;
      const mqtt = await claim({ presence, tokenHash: under.tokenHash }, id, 'mqtt', 'edge-1');
      const xmpp = await claim({ presence, tokenHash: under.tokenHash }, id, 'xmpp', 'edge-1');
      expect(xmpp.displaced).toEqual([{ transport: 'mqtt', edgeId: 'edge-1', epoch: mqtt.epoch }]);
      expect(await transports()).toEqual(['xmpp']);
    });

    it('tells the connections of each of some devices', async () => {
      const other = await under.device();
      const mqtt = await claim(under, other, 'mqtt', 'edge-1');
      const found = await under.presence.connectionsOf([id, other, 'nobody', other]);
      const one = [{ transport: 'mqtt', edgeId: 'edge-1', epoch: mqtt.epoch }];
      expect(found).toEqual([[], one, [], one]);
      expect(await under.presence.connectionsOf([])).toEqual([]);
    });

    it('refuses a connection whose device has another token by now, or is gone', async () => {
      expect(await under.presence.claim(id, 'another', 'mqtt', 'edge-1')).toEqual({ ok: false });
      expect(await under.presence.claim('gone', under.tokenHash, 'mqtt', 'edge-1')).toEqual({ ok: false });
      expect(await under.presence.connections(id)).toEqual([]);
    });

    it('gives epochs that are not below the time', async () => {
      const before = Date.now();
      expect((await claim(under, id, 'mqtt', 'edge-1')).epoch).toBeGreaterThanOrEqual(before);
    });

    it('lets a socket that closes late remove only itself', async () => {
      const stale = await claim(under, id, 'mqtt', 'edge-1');
      const live = await claim(under, id, 'mqtt', 'edge-2');
      await under.presence.release(id, stale.epoch);
      expect(await under.presence.connections(id)).toEqual([
        { transport: 'mqtt', edgeId: 'edge-2', epoch: live.epoch },
      ]);
      await under.presence.release(id, live.epoch);
      expect(await under.presence.connections(id)).toEqual([]);
    });
  });
}
