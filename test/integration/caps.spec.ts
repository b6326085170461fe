import { RedisCaps } from '@carillon/persistence';
import { testStore, type TestStore } from '@carillon/testing';

/** What users have been notified of, counted against caps. */
let test: TestStore;
let caps: RedisCaps;
beforeEach(() => {
  test = testStore();
  caps = new RedisCaps(test.store);
});
afterEach(() => test.close());

const HOUR = 3_600_000;
const NOW = 1_800_000_000_000;
const news = { category: 'news', max: 2, seconds: 3_600 };
const overall = { category: 'overall', max: 3, seconds: 86_400 };
const anna = [
  { deviceId: 'phone', user: 'anna' },
  { deviceId: 'tablet', user: 'anna' },
];

/** The category that holds back each device. */
const held = async (
  id: string,
  at: number,
  rules = [news],
  subjects: { deviceId: string; user?: string }[] = anna,
) =>
  Object.fromEntries(
    [...(await caps.claim('default', id, rules, subjects, at))].map(([device, cap]) => [
      device,
      cap.category,
    ]),
  );

it('count a notification once a user, however many devices, and however often it is asked', async () => {
  expect(await held('n1', NOW)).toEqual({});
  expect(await held('n1', NOW + 1, [news], [anna[1]!])).toEqual({});
  expect(await held('n2', NOW + 2)).toEqual({});
  expect(await held('n3', NOW + 3)).toEqual({ phone: 'news', tablet: 'news' });
  expect(await held('n1', NOW + 4)).toEqual({});
});

it('say again what they said, also when there is room by then', async () => {
  for (const id of ['n1', 'n2', 'n3']) await held(id, NOW);
  expect(await held('n3', NOW + HOUR - 1)).toEqual({ phone: 'news', tablet: 'news' });
  expect(await held('n4', NOW + HOUR)).toEqual({});
});

it('count in any span, not by the hour of the clock', async () => {
  await held('n1', NOW);
  await held('n2', NOW + HOUR / 2);
  expect(await held('n3', NOW + HOUR - 1)).toEqual({ phone: 'news', tablet: 'news' });
  expect(await held('n4', NOW + HOUR)).toEqual({});
  expect(await held('n5', NOW + HOUR + 1)).toEqual({ phone: 'news', tablet: 'news' });
});

it('count all of them or none', async () => {
  await held('n1', NOW, [news, overall]);
  await held('n2', NOW, [overall]);
  await held('n3', NOW, [overall]);
  expect(await held('n4', NOW, [news, overall])).toEqual({ phone: 'overall', tablet: 'overall' });
  // What the overall cap held back has not been counted as news.
  expect(await held('n5', NOW, [news])).toEqual({});
  expect(await held('n6', NOW, [news])).toEqual({ phone: 'news', tablet: 'news' });
});

it('count a device without a user by itself, and each user alone', async () => {
  const lonely = { deviceId: 'lonely' };
  const others = [...anna, lonely, { deviceId: 'bobs', user: 'bob' }];
  await held('n1', NOW, [news], others);
  await held('n2', NOW, [news], [lonely]);
  expect(await held('n3', NOW, [news], others)).toEqual({ lonely: 'news' });
});

it('let no more through when many ask at once', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `n${i}`);
  const answers = await Promise.all(ids.map((id) => held(id, NOW)));
  expect(answers.filter((answer) => Object.keys(answer).length === 0)).toHaveLength(2);
});

it('forget everything after a while', async () => {
  await held('n1', Date.now());
  const keys = await test.store.client.keys('*capped*');
  const own = keys.filter((key) => key.startsWith(test.store.keys.install().split('{')[0]!));
  expect(own).toHaveLength(1);
  expect(await test.store.client.pttl(own[0]!)).toBeGreaterThan(HOUR - 60_000);
});
