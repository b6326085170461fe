import { Writable } from 'node:stream';
import { gatherWritesOf } from './gathered-writes.js';

it('what is written in one turn of the event loop goes out at once, in order', async () => {
  const writes: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      writes.push(chunk);
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => chunk as string).join(''));
      done();
    },
  });
  gatherWritesOf(stream);
  stream.write('a');
  stream.write('b');
  await Promise.resolve().then(() => stream.write('c'));
  await new Promise((resolve) => process.nextTick(() => resolve(stream.write('d'))));
  expect(writes).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(writes).toEqual(['abcd']);
  stream.write('e');
  await new Promise((resolve) => setImmediate(resolve));
  expect(writes).toEqual(['abcd', 'e']);
});
