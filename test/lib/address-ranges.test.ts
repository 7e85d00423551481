import { describe, expect, it } from 'vitest';
import { isAddressRange, toAddressRanges } from '../../src/lib/address-ranges.ts';

const NETWORKS = ['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '::ffff:172.16.0.0/108', '::1'];

describe('a range of addresses', () => {
  it.each([...NETWORKS, '0.0.0.0/0', '::/0', '255.255.255.255/32', '2001:DB8::1/128', '10.1.2.3/8'])(
    'is %s',
    (text) => {
      expect(isAddressRange(text)).toBe(true);
    },
  );

  it.each([
    '',
    ' 10.0.0.1',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    '2001:db8::/129',
    'fe80::1%eth0',
    'localhost',
    '*',
    '10.0.0.1\n',
    '10.0.0.1\0',
    '2130706433',
    '0x7f.0.0.1',
  ])('is not %j', (text) => {
    expect(isAddressRange(text)).toBe(false);
  });
});

describe('ranges', () => {
  const ranges = toAddressRanges(NETWORKS);

  it.each([
    '192.0.2.7',
    '10.255.0.1',
    '2001:db8:ffff::1',
    '172.16.0.9',
    '::ffff:172.31.255.255',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '::1',
  ])('hold %s', (ip) => {
    expect(ranges.has(ip)).toBe(true);
  });

  it.each([
    '192.0.2.8',
    '11.0.0.1',
    '2001:db9::1',
    '172.32.0.1',
    '::ffff:11.0.0.1',
    '::',
    '0.0.0.0',
    'fe80::1%eth0',
    '',
    'x',
  ])('do not hold %j', (ip) => {
    expect(ranges.has(ip)).toBe(false);
  });

  it.each([
    '10.1.0.0/16',
    '10.0.0.0/8',
    '::ffff:10.2.0.0/112',
    '192.0.2.7',
    '192.0.2.7/32',
    '2001:db8:1::/48',
  ])('cover %s', (entry) => {
    expect(ranges.covers(entry)).toBe(true);
  });

  it.each(['10.0.0.0/7', '0.0.0.0/0', '::/0', '192.0.2.0/24', '2001:db8::/31', '::ffff:10.0.0.0/103', 'x'])(
    'do not cover %s',
    (entry) => {
      expect(ranges.covers(entry)).toBe(false);
    },
  );
});
