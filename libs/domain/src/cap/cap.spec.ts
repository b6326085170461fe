import { capsOn } from './cap.js';

const caps = ['overall', 'news', 'offers'].map((category) => ({ category, max: 1, seconds: 60 }));
const names = (about: Parameters<typeof capsOn>[0]) => capsOn(about, caps).map(({ category }) => category);

it.each([
  ['its category first', { kind: 'notification', category: 'news' }, ['news', 'overall']],
  ['the overall one without a category', { kind: 'notification' }, ['overall']],
  ['the overall one of an unknown category', { kind: 'notification', category: 'x' }, ['overall']],
  ['none that is critical', { kind: 'notification', category: 'news', critical: true }, []],
  ['none that no person sees', { kind: 'message', category: 'news' }, []],
  ['none of a recall', { kind: 'recall' }, []],
] as const)('caps hold: %s', (_, about, expected) => expect(names(about)).toEqual(expected));
