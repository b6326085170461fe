import { isIPv4, isIPv6 } from 'node:net';

/** What limits by address go by: an IPv4 address as it is (in IPv6 form too), an IPv6 address without its last 64 bits, which one host has at will. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const groups = groupsOf(address.split('%')[0]!);
  if (isMapped(groups))
    return `${groups[6]! >> 8}.${groups[6]! & 255}.${groups[7]! >> 8}.${groups[7]! & 255}`;
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

const isMapped = (groups: readonly number[]): boolean =>
  groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;

/** The eight groups of a valid address, RFC 4291 §2.2. */
function groupsOf(address: string): number[] {
  const [before = '', after] = address.split('::');
  const head = parsed(before);
  if (after === undefined) return head;
  const tail = parsed(after);
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

function parsed(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => (isIPv4(group) ? pairs(group) : [parseInt(group, 16)]));
}

function pairs(ipv4: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}
