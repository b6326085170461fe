import { parseProxyHeader } from './parse-proxy-header.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const hex = (...parts: string[]): Buffer => Buffer.from(parts.join('').replaceAll(' ', ''), 'hex');
const text = (line: string): Buffer => Buffer.from(line, 'latin1');
const version2 = (command: string, family: string, body = ''): Buffer =>
  hex(SIGNATURE, command, family, (body.replaceAll(' ', '').length / 2).toString(16).padStart(4, '0'), body);

const IPV4 = 'c0000201 c0000202 dc04 01bb';
const IPV6 = '20010db8000000000000000000000001 20010db8000000000000000000000002 dc04 01bb';
const MAPPED = '00000000000000000000ffffc0000201 00000000000000000000ffffc0000202 dc04 01bb';
const UNIX = `${Buffer.from('/run/a.sock').toString('hex').padEnd(216, '0')}${''.padEnd(216, '0')}`;

const source = (address: string, port = 56324) => ({ address, port });

describe.each<[string, Buffer, object | undefined]>([
  ['TCP4', text('PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n'), source('192.0.2.1')],
  ['TCP6', text('PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n'), source('2001:db8::1')],
  [
    'the longest TCP6',
    text(`PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`),
    source(`${'ffff:'.repeat(7)}ffff`, 65535),
  ],
  ['UNKNOWN', text('PROXY UNKNOWN\r\n'), undefined],
  [
    'the longest UNKNOWN',
    text(`PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`),
    undefined,
  ],
  ['version 2, IPv4', version2('21', '11', IPV4), source('192.0.2.1')],
  ['version 2, IPv6', version2('21', '21', IPV6), source('2001:db8::1')],
  ['version 2, IPv4 in IPv6 form', version2('21', '21', MAPPED), source('192.0.2.1')],
  ['version 2 with TLVs', version2('21', '11', `${IPV4} 030004a9b87e8f 04000212ab`), source('192.0.2.1')],
  ['version 2 with an empty TLV', version2('21', '21', `${IPV6} 040000`), source('2001:db8::1')],
  ['LOCAL', version2('20', '00'), undefined],
  ['LOCAL with what is to be passed over', version2('20', '11', 'ff'), undefined],
  ['AF_UNSPEC', version2('21', '00', '010203'), undefined],
  ['AF_UNIX', version2('21', '31', UNIX), undefined],
])('%s', (_, bytes, expected) => {
  it('is read', () => {
    expect(parseProxyHeader(bytes)).toEqual({ kind: 'header', length: bytes.length, source: expected });
  });

  it('is read when more follows in the same piece', () => {
    expect(parseProxyHeader(Buffer.concat([bytes, text('PROXY \r\n\0')]))).toMatchObject({
      kind: 'header',
      length: bytes.length,
    });
  });

  it('is incomplete until its last byte', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(parseProxyHeader(bytes.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }
  });
});

it.each<[string, Buffer, RegExp]>([
  ['another protocol', text('GET / HTTP/1.1\r\n'), /no PROXY header/],
  ['an MQTT CONNECT', hex('100c00044d515454'), /no PROXY header/],
  ['a TLS handshake', hex('16030100c8010000'), /no PROXY header/],
  ['lower case', text('proxy TCP4 '), /no PROXY header/],
  ['a tab', text('PROXY\tTCP4 '), /no PROXY header/],
  ['a signature with a wrong end', hex('0d0a0d0a000d0a515549540b'), /no PROXY header/],
  ['no line end within 107 bytes', text(`PROXY UNKNOWN ${'x'.repeat(100)}`), /107/],
  ['a line of 108 bytes', text(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), /107/],
  ['LF alone', text('PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\n'), /CRLF/],
  ['an unknown family', text('PROXY UDP4 192.0.2.1 192.0.2.2 56324 443\r\n'), /family/],
  ['no family', text('PROXY \r\n'), /family/],
  ['UNKNOWN run on', text('PROXY UNKNOWNS\r\n'), /family/],
  ['a field too few', text('PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n'), /four/],
  ['a field too many', text('PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 1\r\n'), /four/],
  ['two spaces', text('PROXY TCP4 192.0.2.1  192.0.2.2 56324 443\r\n'), /four/],
  ['a space at the end', text('PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 \r\n'), /four/],
  ['an address with leading zeros', text('PROXY TCP4 192.0.02.1 192.0.2.2 1 2\r\n'), /address/],
  ['a host name', text('PROXY TCP4 localhost 192.0.2.2 1 2\r\n'), /address/],
  ['an IPv6 address as TCP4', text('PROXY TCP4 ::1 ::1 1 2\r\n'), /address/],
  ['an IPv4 address as TCP6', text('PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n'), /address/],
  ['an address with a zone', text('PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'), /address/],
  ['a bad destination', text('PROXY TCP4 192.0.2.1 256.0.2.2 1 2\r\n'), /address/],
  ['a port above 65535', text('PROXY TCP4 192.0.2.1 192.0.2.2 65536 443\r\n'), /port/],
  ['a port with a leading zero', text('PROXY TCP4 192.0.2.1 192.0.2.2 0443 443\r\n'), /port/],
  ['a negative port', text('PROXY TCP4 192.0.2.1 192.0.2.2 -1 443\r\n'), /port/],
  ['a port in hexadecimal', text('PROXY TCP4 192.0.2.1 192.0.2.2 0x10 443\r\n'), /port/],
  ['version 1 in binary', version2('11', '11', IPV4), /version/],
  ['version 3', version2('31', '11', IPV4), /version/],
  ['an unknown command', version2('22', '11', IPV4), /command/],
  ['datagrams', version2('21', '12', IPV4), /family or transport/],
  ['an unknown family in binary', version2('21', '41', IPV4), /family or transport/],
  ['too short for IPv4', version2('21', '11', IPV4.slice(0, -2)), /too short/],
  ['too short for IPv6', version2('21', '21', IPV4), /too short/],
  ['too short for UNIX', version2('21', '31', IPV6), /too short/],
  ['a TLV cut in its value', version2('21', '11', `${IPV4} 040002ff`), /TLV/],
  ['a TLV cut in its length', version2('21', '11', `${IPV4} 0400`), /TLV/],
  ['a byte behind the TLVs', version2('21', '11', `${IPV4} 04000000`), /TLV/],
  ['4,097 bytes, before they have come', hex(SIGNATURE, '2111', '1001'), /4096/],
])('refuses %s', (_, bytes, reason) => {
  expect(parseProxyHeader(bytes)).toEqual({ kind: 'malformed', reason: expect.stringMatching(reason) });
});
