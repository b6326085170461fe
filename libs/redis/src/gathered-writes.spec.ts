import { Writable } from 'node:stream';
import { gatherWritesOf } from './gathered-writes.js';

describe('what is written in one turn of the event loop', () => {
  let writes: string[];
  let stream: Writable;
  beforeEach(() => {
    writes = [];
    const text = (chunk: string | Buffer): string => chunk.toString('latin1');
    stream = new Writable({
      decodeStrings: false,
      write: (chunk: string, _encoding, done) => {
        writes.push(text(chunk));
        done();
      },
      writev: (chunks, done) => {
        writes.push(chunks.map(({ chunk }) => text(chunk as string)).join(''));
        done();
      },
    });
    gatherWritesOf(stream);
  });
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

  it('goes out at once, in order', async () => {
    stream.write('a');
    stream.write('b');
    await Promise.resolve().then(() => stream.write('c'));
    await new Promise((resolve) => process.nextTick(() => resolve(stream.write('d'))));
    expect(writes).toEqual([]);
    await nextTurn();
    expect(writes).toEqual(['abcd']);
    stream.write('e');
    await nextTurn();
    expect(writes).toEqual(['abcd', 'e']);
  });

  it('keeps its order where texts and bytes are mixed', async () => {
    for (const piece of ['a', 'b', Buffer.from('\xff', 'latin1'), 'c', Buffer.from('d'), 'e', 'f'])
      stream.write(piece);
    await nextTurn();
    expect(writes).toEqual(['ab\xffcdef']);
  });

  it('is the same bytes however long it is', async () => {
    const text = 'für Anna, '.repeat(2_000);
    stream.write(text);
    stream.write('x');
    await nextTurn();
    expect(Buffer.from(writes.join(''), 'latin1').toString('utf8')).toBe(`${text}x`);
  });

  it('goes out before the end', async () => {
    stream.write('a');
    stream.end();
    await nextTurn();
    expect(writes).toEqual(['a']);
  });
});
