import { readEnvironment } from '../config/env.ts';
import type { Scope } from '../domain/principal.ts';
import type { GatewayAddress } from './ask-gateway.ts';

const LOCAL_URL = 'http://127.0.0.1:4000/graphql';

/**
 * The gateway that was named on the command line, in `SLUICE_URL`, or the one on this machine.
 * @param scopes that the key needs.
 * @throws Error where no key is there to ask with.
 */
export function toAddress({ url }: { url?: string | undefined }, ...scopes: Scope[]): GatewayAddress {
  const { lookup } = readEnvironment();
  const key = lookup['SLUICE_KEY'];
  if (key !== undefined) return { url: url ?? lookup['SLUICE_URL'] ?? LOCAL_URL, key };
  const rights = scopes.length > 1 ? `the scopes ${scopes.join(', ')}` : `the scope ${scopes[0]}`;
  throw new Error(
    `set SLUICE_KEY to a key ${scopes.length === 0 ? 'of the organisation' : `with ${rights}`}`,
  );
}
