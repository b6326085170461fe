import { verifyPassword } from './password-hash.js';
import { parseUsers } from './users-file.js';

/** Written by mosquitto_passwd 2.0.11. */
const FILE = `alice:$7$101$PYV5KM8BnO9DtvHC$nQuAAraGldpYNwzUSiVYzb1WA0blz5ZAiNkkmOjIAoOFQaOXT3QTVWbdZqRqYuEeEAdCyvn/twgTxf1GfHbAGA==
bob:$6$RB0WhnStSr8RXzPK$d+VPx+GTx52cxOtDrJhiXSGKKJ7+I2lmkuiw8yOTRqEpKuWExd+IUEfx9+zZTfhdMbVi3EnGaZrjFzn/k9zlLQ==
ümläut:$7$101$5Ry6mRDjaNA9zGyI$CqzU3lmeEvBdNf0xussc0pQwysaoG6fAHiAXaqhPWFDTSXw/HPbbOBBP/b1ccbPmSML68tnpyCS0e5wFnmAa3Q==
`;

describe('a users file', () => {
  const { users, faults } = parseUsers(`# ours\n\n${FILE.replace(/\n/g, '\r\n')}`);

  it('has no fault', () => expect(faults).toEqual([]));

  it.each([
    ['alice', 'secret1'],
    ['bob', 'secret2'],
    ['ümläut', 'pässword'],
  ])('knows %s by the password', async (name, password) => {
    const hash = users.get(name)!;
    expect(await verifyPassword(hash, Buffer.from(password))).toBe(true);
    expect(await verifyPassword(hash, Buffer.from(`${password} `))).toBe(false);
    expect(await verifyPassword(hash, Buffer.alloc(0))).toBe(false);
  });

  it('tells each fault with its line, and never what stands there', () => {
    const alice = FILE.split('\n')[0]!;
    const iterations = alice.replace('$101$', '$0$');
    const file = `${alice}\nno colon\n:nobody\nplain:hunter2\n${alice}\nx${iterations}\ny:$5$c2FsdA==$aGFzaA==\n`;
    const { users: some, faults: lines } = parseUsers(file);
    expect(lines.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(JSON.stringify(lines)).not.toContain('hunter2');
    expect([...some.keys()]).toEqual(['alice']);
  });
});
