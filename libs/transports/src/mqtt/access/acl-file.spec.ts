import { parseAccessList } from './acl-file.js';
import { filterCovers } from './filter-covers.js';

const FILE = `# who may what
topic read public/#
topic deny public/secret/#

user backend
topic write orders/+
topic readwrite with blanks/in it
topic both
user reader
topic deny orders/secret
topic read orders/#
user backend
topic read late
pattern read clients/%c/#
pattern write of/%u
pattern deny clients/%c/no
`;

const anonymous = { username: undefined, clientId: 'a', isUser: false };
const backend = { username: 'backend', clientId: 'b-1', isUser: true };
const reader = { username: 'reader', clientId: 'r', isUser: true };

describe('an ACL file', () => {
  const { list, faults } = parseAccessList(FILE);

  it('has no fault', () => expect(faults).toEqual([]));

  it.each([
    [anonymous, 'public/x', true, false],
    [anonymous, 'public/secret/x', false, false],
    [anonymous, 'orders/1', false, false],
    [anonymous, 'clients/a/x', true, false],
    [anonymous, 'of/undefined', false, false],
    [backend, 'public/x', false, false],
    [backend, 'orders/1', false, true],
    [backend, 'with blanks/in it', true, true],
    [backend, 'both', true, true],
    [backend, 'late', true, false],
    [backend, 'clients/b-1/x', true, false],
    [backend, 'clients/b-1/no', false, false],
    [backend, 'clients/b-2/x', false, false],
    [backend, 'of/backend', false, true],
    [reader, 'orders/secret', false, false],
    [reader, 'orders/1', true, false],
    [{ username: 'stranger', clientId: 's', isUser: true }, 'public/x', false, false],
    [{ username: 'x', clientId: '+', isUser: true }, 'clients/+/x', false, false],
    [{ username: 'x', clientId: '#', isUser: true }, 'clients/a/x', false, false],
    [{ username: 'x', clientId: 'a/b', isUser: true }, 'clients/a/b/x', false, false],
  ])('%j on %s: read %s, write %s', (subject, topic, read, write) => {
    expect([list.mayRead(subject, topic), list.mayWrite(subject, topic)]).toEqual([read, write]);
  });

  it.each([
    ['orders/#', true],
    ['orders/+', true],
    ['orders/secret', false],
    ['#', false],
    ['+/1', false],
    ['clients/r/#', true],
    ['clients/+/x', false],
  ])('lets the reader subscribe to %s: %s', (filter, allowed) => {
    expect(list.maySubscribe(reader, filter)).toBe(allowed);
  });

  it('adds rules of one user alone, with names put in; a deny outweighs here too', () => {
    const own = [
      { right: 'read', filter: 'own/%c/%u/#' },
      { right: 'deny', filter: 'orders/1' },
    ] as const;
    expect(list.maySubscribe(reader, 'own/r/reader/#', own)).toBe(true);
    expect(list.maySubscribe(reader, 'own/s/reader/#', own)).toBe(false);
    expect([list.mayRead(reader, 'orders/1'), list.mayRead(reader, 'orders/1', own)]).toEqual([true, false]);
  });

  it('tells each fault with its line', () => {
    const file = '# \nuser\ntopic\ntopic rea x\ntopic read a/#/b\ntopics x\r\npattern\n\nuser u\ntopic a+\n';
    expect(parseAccessList(file).faults.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 10]);
  });
});

it.each([
  ['#', '#', true],
  ['#', 'a/+/#', true],
  ['#', '$SYS/x', false],
  ['+/x', '$SYS/x', false],
  ['$SYS/#', '$SYS/+', true],
  ['a/#', 'a', true],
  ['a/#', 'a/#', true],
  ['a/+', 'a/#', false],
  ['a/+', 'a/+', true],
  ['a/+', 'a', false],
  ['a/b', 'a/+', false],
  ['+', '#', false],
  ['+/+', 'a/b', true],
])('%s covers %s: %s', (outer, inner, covers) => expect(filterCovers(outer, inner)).toBe(covers));
