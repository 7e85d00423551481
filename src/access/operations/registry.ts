import { LRUCache } from 'lru-cache';
import type { Db } from '../../db/database.ts';
import { keepReading } from '../../lib/keep-reading.ts';
import type { TrustedOperation } from '../../domain/operation.ts';
import { listOperationsOf } from './read.ts';

/** A change made where no event reaches us is seen after this. */
const TRUST_MS = 5_000;
/** Those that asked last. What one may have is bounded where it is registered. */
const KEPT_ORGANISATIONS = 100;

/** The operations that organisations trust, in memory. */
export interface OperationRegistry {
  /** @param hash the SHA-256 of the text, in hexadecimal digits. */
  find(organisationId: string, hash: string): Promise<TrustedOperation | undefined>;
  /** Reads those of an organisation anew when they are next asked for. */
  forget(organisationId: string): void;
}

type ByHash = ReadonlyMap<string, TrustedOperation>;

export function createOperationRegistry(db: Db): OperationRegistry {
  // Of promises, so that callers that come at once share one read, and one that a change overtakes is not kept.
  const known = new LRUCache<string, Promise<ByHash>>({ max: KEPT_ORGANISATIONS, ttl: TRUST_MS });

  const read = async (organisationId: string): Promise<ByHash> =>
    new Map((await listOperationsOf(db, organisationId)).map((row) => [row.hash, row]));

  return {
    async find(organisationId, hash) {
      const byHash = await keepReading(known, organisationId, () => read(organisationId));
      return byHash.get(hash);
    },
    forget: (organisationId) => void known.delete(organisationId),
  };
}
