/** A description in JSON and bytes as they are, in one buffer: the description's length (32 bits), it, the bytes. */
export function pack(description: object, bytes: Buffer): Buffer {
  const json = JSON.stringify(description);
  const length = Buffer.byteLength(json);
  const packed = Buffer.allocUnsafe(4 + length + bytes.length);
  packed.writeUInt32BE(length);
  packed.write(json, 4);
  bytes.copy(packed, 4 + length);
  return packed;
}

export function unpack<Description>(packed: Buffer): { description: Description; bytes: Buffer } {
  const end = 4 + packed.readUInt32BE();
  return {
    description: JSON.parse(packed.toString('utf8', 4, end)) as Description,
    bytes: packed.subarray(end),
  };
}
