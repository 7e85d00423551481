import { BlockList, isIP } from 'node:net';

/**
 * Addresses that lead to this machine, into its network, or nowhere, as in the IANA special-purpose registries
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry).
 */
const INWARD = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** The only IPv6 addresses that are given out to the world; all others are refused unread. */
const GLOBAL_IPV6 = ['2000::/3'];
const INWARD_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** These carry an IPv4 address in their last 32 bits, and lead where it does: NAT64 (RFC 6052) and IPv4-mapped. */
const EMBEDS_IPV4 = ['64:ff9b::/96', '::ffff:0:0/96'];

const inward = toList([...INWARD, ...INWARD_IPV6]);
const globalIpv6 = toList(GLOBAL_IPV6);
const embedding = toList(EMBEDS_IPV4);
/** What somebody may mean by a host that they wrote down: this machine and private networks (RFC 1918, RFC 4193). */
const own = toList(['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1/128', 'fc00::/7']);

/** Decides which addresses the gateway may connect to. */
export interface AddressGuard {
  /** @param host as it stands in the URL; `address` is what it was resolved to, and what is connected to. */
  allows(host: string, address: string): boolean;
}

/**
 * Lets through what lies on the public internet, and besides:
 * @param permitted.networks addresses in CIDR notation, whatever the name that leads there.
 * @param permitted.urls written by the owner; where the host of one is itself an address of this machine or of a private
 * network, or `localhost`, that host is meant, and no other name that leads to the same address.
 */
export function createAddressGuard(permitted: {
  networks: readonly string[];
  urls: readonly (string | undefined)[];
}): AddressGuard {
  const networks = toList(permitted.networks);
  const hosts = new Set(permitted.urls.flatMap((url) => (url && URL.canParse(url) ? [hostOf(url)] : [])));
  return {
    allows(host, address) {
      const name = bare(host);
      return (
        isPublicAddress(address) ||
        has(networks, address) ||
        (hosts.has(name) && (name === address || name === 'localhost') && has(own, address))
      );
    },
  };
}

/** Whether an address lies on the public internet. What is no address lies nowhere. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  if (isIP(address) === 4) return !has(inward, address);
  if (has(embedding, address)) return isPublicAddress(embeddedIpv4(address));
  return has(globalIpv6, address) && !has(inward, address);
}

/** Whether a text is a network such as `10.1.0.0/16` or `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

function toList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

function has(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** The URL parser writes every spelling of an address in one way: `127.1`, `2130706433` and `0177.0.0.1` are 127.0.0.1. */
function hostOf(url: string): string {
  return bare(new URL(url).hostname);
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

/** By the same parser, which writes IPv6 in hexadecimal groups. */
function embeddedIpv4(address: string): string {
  const groups = hostOf(`http://[${address.replace(/%.*$/, '')}]`).split(':');
  const [high = 0, low = 0] = groups.slice(-2).map((group) => Number.parseInt(group || '0', 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
