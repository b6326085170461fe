import type { X509Certificate } from 'node:crypto';
import { namesOf, ServerNames } from './server-names.js';

describe('ServerNames', () => {
  const names = new ServerNames<string>();
  names.add(['example.org', '*.example.org'], 'wide');
  names.add(['a.example.org', 'Example.NET', 'example.org'], 'narrow');

  it.each([
    ['example.org', 'wide'],
    ['EXAMPLE.org.', 'wide'],
    ['b.example.org', 'wide'],
    ['a.example.org', 'narrow'],
    ['example.net', 'narrow'],
    ['a.b.example.org', undefined],
    ['.example.org', undefined],
    ['example.com', undefined],
    ['org', undefined],
    ['', undefined],
  ])('%s: %s', (name, expected) => expect(names.find(name)).toBe(expected));
});

it.each([
  [
    { subjectAltName: 'DNS:a.org, DNS:*.b.org, IP Address:127.0.0.1', subject: 'CN=c.org' },
    ['a.org', '*.b.org'],
  ],
  [{ subjectAltName: 'IP Address:127.0.0.1', subject: 'CN=c.org' }, []],
  [{ subjectAltName: undefined, subject: 'O=x\nCN=c.org' }, ['c.org']],
  [{ subjectAltName: undefined, subject: undefined }, []],
])('the names of %j', (certificate, names) => {
  expect(namesOf(certificate as unknown as X509Certificate)).toEqual(names);
});
