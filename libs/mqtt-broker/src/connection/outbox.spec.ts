import { Duplex } from 'node:stream';
import { PacketType } from '../codec/packets.js';
import { Flusher } from './flusher.js';
import { Outbox } from './outbox.js';

const { PUBACK, PUBREL } = PacketType;

describe('Outbox', () => {
  let flusher: Flusher;

  beforeEach(() => {
    flusher = new Flusher();
  });

  /** @param stalls the peer never reads: whatever is written stays under way */
  function outbox(stalls = false): { way: Outbox; written: () => string[] } {
    const chunks: string[] = [];
    const stream = new Duplex({
      highWaterMark: stalls ? 1 : 1 << 20,
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk.toString('hex'));
        if (!stalls) done();
      },
    });
    return { way: new Outbox(stream, flusher, { onWritten: () => undefined }), written: () => chunks };
  }

  const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

  it('writes what a tick gathered at once, acknowledgements and packets in the order they came', async () => {
    const { way, written } = outbox();
    way.acknowledge(PUBACK, 1);
    way.acknowledge(PUBACK, 0x0203);
    way.push(Buffer.from('ff', 'hex'));
    way.acknowledge(PUBREL, 4);
    await settled();
    expect(written()).toEqual([`4002000140020203ff62020004`]);
  });

  it('keeps the acknowledgements of connections apart', async () => {
    const [one, two] = [outbox(), outbox()];
    for (let id = 1; id <= 3; id++) {
      one.way.acknowledge(PUBACK, id);
      two.way.acknowledge(PUBACK, id + 16);
    }
    await settled();
    expect(one.written()).toEqual(['400200014002000240020003']);
    expect(two.written()).toEqual(['400200114002001240020013']);
  });

  it('acknowledges more in a tick than a slab of memory holds', async () => {
    const { way, written } = outbox();
    const ids = Array.from({ length: 10_000 }, (_, i) => i + 1);
    for (const id of ids) way.acknowledge(PUBACK, id);
    await settled();
    const expected = ids.map((id) => `4002${id.toString(16).padStart(4, '0')}`).join('');
    expect(written().join('')).toBe(expected);
  });

  it('writes the last acknowledgement before it ends, and nothing after', async () => {
    const { way, written } = outbox();
    way.acknowledge(PUBACK, 1);
    way.end();
    way.acknowledge(PUBACK, 2);
    await settled();
    expect(written()).toEqual(['40020001']);
  });

  it('holds back what a stream does not take, and counts it', async () => {
    const { way, written } = outbox(true);
    way.push(Buffer.from('aa', 'hex'));
    await settled();
    expect(way.blocked).toBe(true);
    way.acknowledge(PUBACK, 1);
    way.push(Buffer.from('bb', 'hex'));
    await settled();
    expect([way.unsentBytes, written()]).toEqual([6, ['aa']]);
  });
});
