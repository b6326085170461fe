import { InflightEntry, InflightWindow } from './inflight-window.js';

const entryOf = (packetId: number) =>
  new InflightEntry(packetId, 1, false, undefined, undefined, undefined, 0);

describe('an in-flight window', () => {
  let window: InflightWindow;

  const send = () => {
    const entry = entryOf(window.nextPacketId());
    window.add(entry);
    return entry;
  };
  const ids = () => [...window.all()].map(({ packetId }) => packetId);

  beforeEach(() => {
    window = new InflightWindow();
  });

  it('keeps the order of sending from one entry to several and back', () => {
    const [first, second, third] = [send(), send(), send()];
    expect(ids()).toEqual([1, 2, 3]);
    window.remove(second);
    window.remove(first);
    expect(ids()).toEqual([3]);
    const fourth = send();
    expect(ids()).toEqual([3, 4]);
    window.remove(third);
    window.remove(fourth);
    expect(ids()).toEqual([]);
    send();
    expect(ids()).toEqual([5]);
  });

  it('finds entries by their identifier, whether one or several', () => {
    const first = send();
    expect([window.get(1), window.get(2)]).toEqual([first, undefined]);
    const second = send();
    expect([window.get(1), window.get(2)]).toEqual([first, second]);
    window.remove(first);
    expect([window.get(1), window.get(2)]).toEqual([undefined, second]);
  });

  it('counts places once for each entry, however often it is removed', () => {
    const entry = send();
    send();
    expect([window.size, window.outstanding]).toEqual([2, 2]);
    window.remove(entry);
    window.remove(entry);
    expect([window.size, window.outstanding]).toEqual([1, 1]);
  });

  it('passes over identifiers that are taken when they come round again', () => {
    window.add(entryOf(65_535));
    for (let i = 1; i < 65_535; i++) window.nextPacketId();
    expect(window.nextPacketId()).toBe(1);
  });

  it('has no identifier left when all are taken', () => {
    for (let i = 0; i < 65_535; i++) send();
    expect(window.nextPacketId()).toBe(0);
  });
});
