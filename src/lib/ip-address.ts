import { isIP } from 'node:net';

/** An address in the one form that everybody writes it in; undefined for what is none. */
export function canonicalAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version !== 6) return version === 4 ? text : undefined;
  // Zones are names on one machine only.
  const bare = text.split('%')[0];
  const plain = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  return plain;
}

/** Who is behind an address: whoever has one of IPv6 has all that share its first 64 bits. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = (canonicalAddress(address) ?? '').split('::');
  const before = head.split(':').filter(Boolean);
  const after = tail.split(':').filter(Boolean);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
