/** Headers as proxies send them before the connection of a client. */
export const version1 = (address: string, family = address.includes(':') ? 'TCP6' : 'TCP4'): Buffer =>
  Buffer.from(`PROXY ${family} ${address} ${family === 'TCP6' ? '::1' : '192.0.2.254'} 40000 1883\r\n`);

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

export function version2(address: string, tlvs = Buffer.alloc(0)): Buffer {
  const source = Buffer.from(address.split('.').map(Number));
  const ports = Buffer.from([0x9c, 0x40, 0x07, 0x5b]);
  const body = Buffer.concat([source, Buffer.from([192, 0, 2, 254]), ports, tlvs]);
  return Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0, body.length]), body]);
}

export const LOCAL = Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 0])]);
