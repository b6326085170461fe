import { ShareView } from './share-view.js';

const members = (view: ShareView): number =>
  (view as unknown as { shares: Map<string, unknown> }).shares.size;

it('remembers who had members of a share that nobody has any more, but not of every name there ever was', () => {
  const view = new ShareView();
  view.set('$share/kept/t', 'a', 'online', 1);
  for (let i = 0; i < 5_000; i++) {
    view.set(`$share/g${i}/t`, 'a', 'online', 10 + 2 * i);
    view.set(`$share/g${i}/t`, 'a', 'none', 11 + 2 * i);
  }
  expect(members(view)).toBe(1_001);
  expect(view.choose('$share/g4999/t', 10 + 2 * 4999)).toBe('a');
  expect(view.choose('$share/g4999/t', 11 + 2 * 4999)).toBeUndefined();
  expect(view.choose('$share/kept/t', 99_999)).toBe('a');
  view.set('$share/g4999/t', 'b', 'offline', 20_000);
  expect(view.choose('$share/g4999/t', 20_001)).toBe('b');
});

it('prefers brokers with connected members, in turn', () => {
  const view = new ShareView();
  view.reset([
    { share: 's', broker: 'a', presence: 'online' },
    { share: 's', broker: 'b', presence: 'offline' },
    { share: 's', broker: 'c', presence: 'online' },
  ]);
  const chosen = new Set(Array.from({ length: 50 }, (_, position) => view.choose('s', position * 4096)));
  expect(chosen).toEqual(new Set(['a', 'c']));
  expect([view.others('s', 'a'), view.others('none', 'a')]).toEqual([true, false]);
});
