import { Door } from './door.js';

const bounds = { max: 1_000, maxPerAddress: 0, ratePerAddress: 0, handshakeTimeoutMs: 10_000 };

it('has so many places, which come back', () => {
  const door = new Door({ ...bounds, max: 2 });
  const [first] = [door.enter(), door.enter()];
  expect(door.enter()).toBeUndefined();
  first!.release();
  first!.release();
  expect(door.enter()).toBeDefined();
  expect(door.enter()).toBeUndefined();
});

it('bounds each address, all of an IPv6 /64 as one, and gives back what was claimed', () => {
  const door = new Door({ ...bounds, maxPerAddress: 2 });
  const claim = (address: string) => {
    const place = door.enter()!;
    return { place, refused: place.claim(address) };
  };
  const first = claim('2001:db8::1');
  expect([first.refused, claim('2001:db8::2').refused]).toEqual([undefined, undefined]);
  const refused = claim('2001:db8::3');
  expect(refused.refused).toBe('address');
  expect(claim('2001:db8:0:1::1').refused).toBeUndefined();
  refused.place.release();
  expect(claim('2001:db8::3').refused).toBe('address');
  first.place.release();
  expect(claim('2001:db8::3').refused).toBeUndefined();
});

it('bounds the rate of each address, whether or not the connections stay', () => {
  const door = new Door({ ...bounds, ratePerAddress: 1 }, () => 0);
  const outcomes = Array.from({ length: 12 }, () => {
    const place = door.enter()!;
    const outcome = place.claim('192.0.2.1');
    place.release();
    return outcome;
  });
  expect(outcomes).toEqual([...Array.from({ length: 10 }, () => undefined), 'rate', 'rate']);
});
