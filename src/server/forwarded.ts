import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { ClientCertificate } from '../domain/principal.ts';
import type { AddressRanges } from '../lib/address-ranges.ts';

const XFCC = 'x-forwarded-client-cert';

/**
 * The address of the client by `x-forwarded-for`: read from its end, because each proxy adds whom it was asked by, the
 * first one that is no proxy of ours. What stands before it may be made up.
 * @param peer the proxy that the connection comes from.
 */
export function findClientAddress(forwardedFor: string, peer: string, proxies: AddressRanges): string {
  let client = peer;
  for (const entry of forwardedFor.split(',').toReversed()) {
    const address = toAddress(entry.trim());
    if (address === undefined) return client;
    client = address;
    if (!proxies.has(address)) return client;
  }
  return client;
}

/** Some proxies add a port. */
function toAddress(entry: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
  return isIP(bare) === 0 ? undefined : plainAddress(bare);
}

/** IPv4 addresses in their own form, not as IPv6. */
export function plainAddress(ip: string): string {
  return ip.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** In small letters, as regions are named here; undefined for what is no such name. */
export function readRegion(value: string | undefined): string | undefined {
  const region = value?.trim().toLowerCase() ?? '';
  return /^[a-z0-9-]{1,64}$/.test(region) ? region : undefined;
}

/**
 * What a proxy says of the client's certificate: in the words of Envoy, or else the certificate itself as PEM with
 * percent signs, as nginx has it in `$ssl_client_escaped_cert`.
 * @returns undefined for what cannot be read.
 */
export function readForwardedCertificate(header: string, value: string): ClientCertificate | undefined {
  return header === XFCC ? readXfcc(value) : readEscapedPem(value);
}

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert */
function readXfcc(value: string): ClientCertificate | undefined {
  const pairs = readPairs(value);
  if (pairs === undefined) return undefined;
  // Each proxy adds the client that it verified itself; only the last one was seen by ours.
  const lastBegins = pairs.findLastIndex(({ endsElement }) => endsElement) + 1;
  const last = pairs.slice(lastBegins);
  const all = (name: string) =>
    last.filter(({ key, text }) => key === name && text !== '').map(({ text }) => text);
  const [subject, ...more] = all('subject');
  if (more.length > 0) return undefined;
  const certificate = {
    subject: subject === undefined ? [] : splitUnescaped(subject),
    sans: [...all('uri').map((uri) => `URI:${uri}`), ...all('dns').map((name) => `DNS:${name}`)],
    expiresAt: undefined,
  };
  return certificate.subject.length + certificate.sans.length > 0 ? certificate : undefined;
}

/**
 * All of it or nothing: what stands before the last element may be a client's own words, and a quote left open there
 * would turn the rest inside out. What is behind a backslash inside of quotes is so in the subject itself.
 */
function readPairs(value: string): { key: string; text: string; endsElement: boolean }[] | undefined {
  const found = [...value.matchAll(/[ \t]*([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;]*))(;|,|$)/gy)];
  if (found.map(([pair]) => pair).join('') !== value) return undefined;
  return found.map(([, key = '', quoted, plain = '', end]) => ({
    key: key.toLowerCase(),
    text: quoted ?? plain,
    endsElement: end === ',',
  }));
}

function readEscapedPem(value: string): ClientCertificate | undefined {
  try {
    return readCertificate(new X509Certificate(decodeURIComponent(value)));
  } catch {
    return undefined;
  }
}

export function readCertificate(certificate: X509Certificate): ClientCertificate {
  // Undefined where it has none, whatever its type says.
  const subject = (certificate.subject as string | undefined)?.split('\n') ?? [];
  const sans = readSans(certificate.subjectAltName ?? '');
  return { subject, sans, expiresAt: certificate.validToDate };
}

/**
 * `DNS:a.example, URI:spiffe://b/c`; Node puts what could be misread into quotes, as JSON. Read from one end to the
 * other, so that nothing inside of quotes counts as a name of its own.
 */
function readSans(text: string): string[] {
  const entries = [...text.matchAll(/(?:^|, )([^:,"]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))/gy)];
  if (entries.map(([entry]) => entry).join('') !== text) return [];
  return entries
    .filter(([, kind]) => kind === 'DNS' || kind === 'URI')
    .map(([, kind, quoted, plain]) => `${kind}:${quoted ? (JSON.parse(quoted) as string) : plain}`);
}

/** A subject in the form of RFC 2253, where a comma of a value stands behind a backslash. */
function splitUnescaped(subject: string): string[] {
  return (subject.match(/(?:\\.|[^\\,])+/gs) ?? []).map((attribute) => attribute.trim());
}
