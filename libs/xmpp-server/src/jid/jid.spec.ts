import { bareJid, fullJid, parseJid } from './jid.js';

describe('JIDs (RFC 7622)', () => {
  const valid: [string, string][] = [
    ['dev1@example.org', 'dev1@example.org'],
    ['Dev1@EXAMPLE.org/Phone', 'dev1@example.org/Phone'],
    ['example.org', 'example.org'],
    ['example.org./x', 'example.org/x'],
    ['a@b/c@d/e', 'a@b/c@d/e'],
    ['Ünï@example.org', 'ünï@example.org'],
    ['ａｂ@example.org', 'ab@example.org'],
    ['e\u0301@example.org', '\u00e9@example.org'],
    ['a@b/with\u00a0space', 'a@b/with space'],
    ['a@[::1]', 'a@[::1]'],
    ["a@b/it's <ok>", "a@b/it's <ok>"],
  ];
  it.each(valid)('%s becomes %s', (text, expected) => {
    const jid = parseJid(text)!;
    expect(fullJid(jid)).toBe(expected);
    expect(fullJid(parseJid(expected)!)).toBe(expected);
  });

  it('knows the bare JID', () => {
    expect(bareJid(parseJid('a@b/c')!)).toBe('a@b');
    expect(bareJid(parseJid('b/c')!)).toBe('b');
  });

  const invalid = [
    '',
    '@example.org',
    'a@',
    'a b@example.org',
    "o'neil@example.org",
    'a"b@x',
    'a&b@x',
    'a<b@x',
    'a:b@x',
    'a@b/',
    '/c',
    'a@b c',
    'a@b\u0000',
    'a@b/\u0001',
    'a\u200b@b',
    '\u2160@b',
    `${'x'.repeat(1024)}@b`,
    `a@b/${'x'.repeat(1024)}`,
    'a@-..b',
    'a@b/\ud800',
  ];
  it.each(invalid)('%j is none', (text) => expect(parseJid(text)).toBeUndefined());
});
