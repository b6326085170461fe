import type { DeviceStateUnderTest } from './inbox-contract.js';

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
      const mqtt = await under.presence.claim(id, 'mqtt', 'edge-1');
      const xmpp = await under.presence.claim(id, 'xmpp', 'edge-1');
      expect([mqtt.displaced, xmpp.displaced]).toEqual([[], []]);
      expect(await transports()).toEqual(['xmpp', 'mqtt']);
      const again = await under.presence.claim(id, 'mqtt', 'edge-2');
      expect(again.displaced).toEqual([{ transport: 'mqtt', edgeId: 'edge-1', epoch: mqtt.epoch }]);
      expect(again.epoch).toBeGreaterThan(xmpp.epoch);
      expect(await transports()).toEqual(['mqtt', 'xmpp']);
    });

    it('lets a socket that closes late remove only itself', async () => {
      const stale = await under.presence.claim(id, 'mqtt', 'edge-1');
      const live = await under.presence.claim(id, 'mqtt', 'edge-2');
      await under.presence.release(id, stale.epoch);
      expect(await under.presence.connections(id)).toEqual([
        { transport: 'mqtt', edgeId: 'edge-2', epoch: live.epoch },
      ]);
      await under.presence.release(id, live.epoch);
      expect(await under.presence.connections(id)).toEqual([]);
    });
  });
}
