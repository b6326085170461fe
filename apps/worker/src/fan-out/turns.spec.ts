import { Turns } from './turns.js';

/** Something that is done when it is told so. */
function task(name: string, log: string[]) {
  let finish!: () => void;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const work = async (): Promise<void> => {
    log.push(`${name} begins`);
    await done;
    log.push(`${name} ends`);
  };
  return { work, finish };
}

it('does the work of one turn one after the other, and other turns meanwhile', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const [a, b, c] = [task('a', log), task('b', log), task('c', log)];
  const all = [turns.take('1', a.work), turns.take('1', b.work), turns.take('2', c.work)];
  b.finish();
  c.finish();
  await all[2];
  a.finish();
  await Promise.all(all);
  expect(log).toEqual(['a begins', 'c begins', 'c ends', 'a ends', 'b begins', 'b ends']);
});

it('goes on after work that failed', async () => {
  const turns = new Turns();
  const failed = turns.take('1', () => Promise.reject(new Error('lost')));
  const next = turns.take('1', () => Promise.resolve('done'));
  await expect(failed).rejects.toThrow('lost');
  expect(await next).toBe('done');
});
