import type { SeededRandom } from './seeded-random.js';

type Mutation = (packet: Buffer, random: SeededRandom) => Buffer;

const INTERESTING = [0x00, 0x01, 0x7f, 0x80, 0xff];

function changed(packet: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(packet);
  change(copy);
  return copy;
}

/** Puts right the Remaining Length after the body changed its size, so that the fault lies within. */
function withLength(firstByte: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([firstByte, ...length]), body]);
}

function body(packet: Buffer): Buffer {
  let at = 1;
  while (at < 5 && at < packet.length && packet[at]! >= 0x80) at++;
  return packet.subarray(at + 1);
}

const flipBit: Mutation = (packet, random) =>
  changed(packet, (copy) => (copy[random.below(copy.length)]! ^= 1 << random.below(8)));

const setByte: Mutation = (packet, random) =>
  changed(packet, (copy) => (copy[random.below(copy.length)] = random.pick(INTERESTING)));

const cutOff: Mutation = (packet, random) => packet.subarray(0, random.below(packet.length + 1));

const cutBody: Mutation = (packet, random) => {
  const inside = body(packet);
  return withLength(packet[0]!, inside.subarray(0, random.below(inside.length + 1)));
};

const insert: Mutation = (packet, random) => {
  const inside = body(packet);
  const at = random.below(inside.length + 1);
  const extra = Buffer.from([random.pick(INTERESTING), random.below(256)]);
  return withLength(packet[0]!, Buffer.concat([inside.subarray(0, at), extra, inside.subarray(at)]));
};

const remove: Mutation = (packet, random) => {
  const inside = body(packet);
  const at = random.below(inside.length + 1);
  return withLength(
    packet[0]!,
    Buffer.concat([inside.subarray(0, at), inside.subarray(at + 1 + random.below(3))]),
  );
};

const otherType: Mutation = (packet, random) => changed(packet, (copy) => (copy[0] = random.below(256)));

const otherLength: Mutation = (packet, random) =>
  changed(packet, (copy) => (copy[Math.min(1, copy.length - 1)] = random.below(256)));

const noise: Mutation = (_, random) =>
  Buffer.from(Array.from({ length: 1 + random.below(40) }, () => random.below(256)));

const BYTE_LEVEL = [
  flipBit,
  flipBit,
  setByte,
  cutOff,
  cutBody,
  insert,
  remove,
  otherType,
  otherLength,
  noise,
];

/** One packet with one to three faults. */
export function mutatePacket(packet: Buffer, random: SeededRandom): Buffer {
  let mutated = packet;
  for (let i = random.below(3); i >= 0 && mutated.length > 0; i--)
    mutated = random.pick(BYTE_LEVEL)(mutated, random);
  return mutated;
}

/** A stream of packets out of place: doubled, dropped, exchanged, some of them damaged. */
export function mutateStream(packets: readonly Buffer[], random: SeededRandom): Buffer {
  const stream = Array.from({ length: 1 + random.below(4) }, () => random.pick(packets));
  return Buffer.concat(
    stream.map((packet) => (random.below(3) === 0 ? packet : mutatePacket(packet, random))),
  );
}
