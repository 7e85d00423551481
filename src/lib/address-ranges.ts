import { BlockList, isIP } from 'node:net';

/** Addresses and networks of IPv4 and IPv6. An IPv4 address is the same one when it is written as IPv6. */
export interface AddressRanges {
  /** As they were written. */
  readonly entries: readonly string[];
  /** Whether an address is in one of them; what is no address is in none. */
  has(ip: string): boolean;
  /** Whether all of another network or address is in one of them. */
  covers(entry: string): boolean;
}

interface Range {
  ip: string;
  family: 'ipv4' | 'ipv6';
  prefix: number;
}

/** Whether a text is an address, or a network as `address/bits`. */
export function isAddressRange(text: string): boolean {
  return parse(text) !== undefined;
}

/** @param entries for each of which `isAddressRange` holds. */
export function toAddressRanges(entries: readonly string[]): AddressRanges {
  const ranges = entries.flatMap((entry) => parse(entry) ?? []);
  const all = listOf(ranges);
  return {
    entries,
    has: (ip) => isIP(ip) !== 0 && all.check(ip, familyOf(ip)),
    covers(entry) {
      const inner = parse(entry);
      if (!inner) return false;
      return ranges.some(
        (outer) => bitsOf(outer) <= bitsOf(inner) && listOf([outer]).check(inner.ip, inner.family),
      );
    },
  };
}

function parse(text: string): Range | undefined {
  const [, ip = '', bits] = /^([\d.]+|[\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  if (isIP(ip) === 0) return undefined;
  const family = familyOf(ip);
  const most = family === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  return prefix <= most ? { ip, family, prefix } : undefined;
}

function listOf(ranges: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const { ip, family, prefix } of ranges) list.addSubnet(ip, prefix, family);
  return list;
}

function familyOf(ip: string): Range['family'] {
  return isIP(ip) === 6 ? 'ipv6' : 'ipv4';
}

/** How many leading bits are fixed, in the 128 of IPv6, where IPv4 has its place behind 96. */
function bitsOf({ family, prefix }: Range): number {
  return family === 'ipv4' ? prefix + 96 : prefix;
}
