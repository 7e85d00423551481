import { readEnvironment } from '../config/env.ts';
import type { GatewayAddress } from './ask-gateway.ts';

const LOCAL_URL = 'http://127.0.0.1:4000/graphql';

/**
 * The gateway that was named on the command line, in `SLUICE_URL`, or the one on this machine.
 * @param advice what to do where no key is there to ask with.
 * @throws Error with this advice.
 */
export function toAddress({ url }: { url?: string | undefined }, advice: string): GatewayAddress {
  const { lookup } = readEnvironment();
  const key = lookup['SLUICE_KEY'];
  if (key === undefined) throw new Error(advice);
  return { url: url ?? lookup['SLUICE_URL'] ?? LOCAL_URL, key };
}
