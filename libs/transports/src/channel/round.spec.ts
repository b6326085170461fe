import { Round } from './round.js';

const mapOf = (...names: string[]) => new Map(names.map((name) => [name, name]));

it('goes round by parts, each in its turn', () => {
  const round = new Round(mapOf('a', 'b', 'c', 'd', 'e'));
  expect([round.next(0.4), round.next(0.4), round.next(0.4)]).toEqual([
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'a'],
  ]);
});

it('takes all of them from wherever it is', () => {
  const round = new Round(mapOf('a', 'b', 'c'));
  expect(round.next(0.3)).toEqual(['a']);
  expect(round.next(1)).toEqual(['b', 'c', 'a']);
});

it('goes on while some come and go, and has nothing of nothing', () => {
  const all = mapOf('a', 'b');
  const round = new Round(all);
  expect(round.next(0.5)).toEqual(['a']);
  all.delete('b');
  all.set('c', 'c');
  expect(round.next(0.5)).toEqual(['c']);
  all.clear();
  expect(round.next(1)).toEqual([]);
  all.set('d', 'd');
  expect(round.next(0.1)).toEqual(['d']);
});
