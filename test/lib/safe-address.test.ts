import { describe, expect, it } from 'vitest';
import { createAddressGuard, isNetwork, isPublicAddress } from '../../src/lib/safe-address.ts';

const INSIDE = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:169.254.169.254',
  '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1',
  '2001:db8::1',
  '2002:7f00:1::',
  'fc00::1',
  'fd00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%lo',
  'ff02::1',
];
const OUTSIDE = [
  '1.1.1.1',
  '11.0.0.1',
  '100.128.0.1',
  '172.32.0.1',
  '192.167.0.1',
  '2606:4700::1111',
  '::ffff:1.1.1.1',
  '64:ff9b::1.1.1.1',
];
const nothing = createAddressGuard({ networks: [], urls: [] });

it.each(INSIDE)('%s does not lie on the public internet', (address) => {
  expect(isPublicAddress(address)).toBe(false);
  expect(nothing.allows('name.example', address)).toBe(false);
});

it.each(OUTSIDE)('%s does', (address) => {
  expect(isPublicAddress(address)).toBe(true);
  expect(nothing.allows('name.example', address)).toBe(true);
});

it.each(['', 'localhost', '127.1', '2130706433', '0177.0.0.1', '1.1.1.1/32'])(
  'what is no address, such as %j, lies nowhere',
  (text) => expect(isPublicAddress(text)).toBe(false),
);

describe('a network that is allowed', () => {
  const guard = createAddressGuard({ networks: ['10.1.0.0/16', 'fd00::/8'], urls: [] });

  it.each(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1'])('lets %s through, whatever the name', (address) => {
    expect(guard.allows('name.example', address)).toBe(true);
  });

  it.each(['10.2.0.1', '127.0.0.1', 'fc00::1'])('and not %s', (address) => {
    expect(guard.allows('name.example', address)).toBe(false);
  });
});

describe('a host that the owner wrote down', () => {
  const urls = [
    'http://127.0.0.1:8000/v1',
    'http://[fd00::5]/v1',
    'https://inside.example',
    'http://169.254.169.254',
    'http://0.0.0.0',
  ];
  const guard = createAddressGuard({ networks: [], urls });

  it('is meant where it is an address of this machine or of a private network', () => {
    expect(guard.allows('127.0.0.1', '127.0.0.1')).toBe(true);
    expect(guard.allows('[fd00::5]', 'fd00::5')).toBe(true);
  });

  it('allows no other name that leads to the same address', () => {
    expect(guard.allows('evil.example', '127.0.0.1')).toBe(false);
    expect(guard.allows('localhost', '127.0.0.1')).toBe(false);
    expect(guard.allows('127.0.0.2', '127.0.0.2')).toBe(false);
  });

  it('is a name on the internet and stays one', () => {
    expect(guard.allows('inside.example', '10.0.0.1')).toBe(false);
  });

  it('never means the metadata of a cloud, nor what has no address', () => {
    expect(guard.allows('169.254.169.254', '169.254.169.254')).toBe(false);
    expect(guard.allows('0.0.0.0', '0.0.0.0')).toBe(false);
  });

  it.each(['http://127.1/', 'http://2130706433/', 'http://0177.0.0.1/', 'http://0x7f.1/'])(
    'is meant in any spelling, as in %s',
    (url) => {
      const spelt = createAddressGuard({ networks: [], urls: [url] });
      expect(spelt.allows(new URL(url).hostname, '127.0.0.1')).toBe(true);
    },
  );

  it('is this machine where it is localhost, and nothing else that the name may lead to', () => {
    const local = createAddressGuard({ networks: [], urls: ['http://localhost:11434/v1'] });
    expect(local.allows('localhost', '127.0.0.1')).toBe(true);
    expect(local.allows('localhost', '::1')).toBe(true);
    expect(local.allows('localhost', '169.254.169.254')).toBe(false);
  });
});

it('knows what a network is', () => {
  expect(['10.0.0.0/8', 'fd00::/8', '1.2.3.4/32', '::/0'].filter((text) => !isNetwork(text))).toEqual([]);
  expect(
    ['', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', 'fd00::/129', 'a/8', '10.0.0.0/8/8', '10.0.0.0/-1'].filter(
      isNetwork,
    ),
  ).toEqual([]);
});
