import { readEnvironment } from '../config/env.ts';
import type { Scope } from '../domain/principal.ts';
import type { GatewayAddress } from './ask-gateway.ts';

const LOCAL_URL = 'http://127.0.0.1:4000/graphql';

/**
 * @param scope that the key needs.
 * @throws Error where no key is there to ask with.
 */
export function toAddress({ url }: { url?: string }, scope: Scope): GatewayAddress {
  const { lookup } = readEnvironment();
  const key = lookup['SLUICE_KEY'];
  if (key === undefined) throw new Error(`set SLUICE_KEY to a key with the scope ${scope}`);
  return { url: url ?? lookup['SLUICE_URL'] ?? LOCAL_URL, key };
}
