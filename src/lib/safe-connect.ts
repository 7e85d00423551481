import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressGuard } from './safe-address.ts';

/** A connection to an address that is not allowed was refused, before anything was sent. */
export class AddressRefused extends Error {
  override name = 'AddressRefused';
  readonly code = 'ADDRESS_REFUSED';
  constructor(host: string) {
    super(
      `${host} leads into a private network, where the gateway does not connect to; network.allowPrivate allows it`,
    );
  }
}

/**
 * Connects only where the guard allows it. A name is resolved once and the connection goes to the very address that was
 * checked, so a name that resolves to something else the next moment gains nothing; and as each connection comes through
 * here, so does each redirect that is followed.
 * @param options.resolveName takes the place of the system's resolver.
 */
export function createSafeConnector(
  guard: AddressGuard,
  options: buildConnector.BuildOptions & { resolveName?: LookupFunction } = {},
): buildConnector.connector {
  const { resolveName = resolve, ...rest } = options;
  const lookup: LookupFunction = (host, lookupOptions, callback) =>
    resolveName(host, { ...lookupOptions, all: true }, (error, found) => {
      if (error) return callback(error, '', 0);
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      const [first, ...others] = addresses.filter(({ address }) => guard.allows(host, address));
      if (!first) return callback(new AddressRefused(host), '', 0);
      if (lookupOptions.all) callback(null, [first, ...others]);
      else callback(null, first.address, first.family);
    });
  const connect = buildConnector({ ...rest, lookup });
  return (target, callback) => {
    const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
    // An address is not looked up, so it is checked here.
    if (isIP(host) !== 0 && !guard.allows(host, host)) return callback(new AddressRefused(host), null);
    return connect(target, callback);
  };
}
