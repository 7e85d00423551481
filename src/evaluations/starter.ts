import type { Authenticator } from '../access/authenticate.ts';
import { readKeptPrincipal } from '../access/kept.ts';
import { ensureAllowed } from '../access/rules.ts';
import type { Db } from '../db/database.ts';
import { Forbidden } from '../domain/errors.ts';
import type { KeptPrincipal } from '../domain/kept-principal.ts';
import type { Principal } from '../domain/principal.ts';
import type { TaskTag } from '../domain/tag.ts';

/** A change that was made where no event reaches us is seen after this. */
const TRUST_MS = 1_000;

/** Whoever began an evaluation, as it stands now. */
export interface Starter {
  /** @throws StarterGone */
  ensure(): Promise<Principal>;
  close(): void;
}

/** Whoever began it may do it no more. */
export class StarterGone extends Forbidden {
  override name = 'StarterGone';
}

export interface StarterDeps {
  db: Db;
  authenticator: Pick<Authenticator, 'watch'>;
}

/** @param onGone is told as soon as it is known. */
export function createStarter(
  { db, authenticator }: StarterDeps,
  kept: KeptPrincipal,
  tag: TaskTag,
  onGone: (error: StarterGone) => void,
): Starter {
  let known: { who: Principal; until: number } | undefined;
  let stopWatching: (() => void) | undefined;

  async function read(): Promise<Principal> {
    try {
      const found = await readKeptPrincipal(db, kept);
      ensureAllowed(found, 'EVALUATIONS_WRITE', 'an evaluation');
      return { ...found, tags: [...found.tags, tag] };
    } catch (error) {
      throw error instanceof Forbidden ? new StarterGone(error.message) : error;
    }
  }
  async function ensure(): Promise<Principal> {
    if (known && known.until > performance.now()) return known.who;
    const who = await read();
    known = { who, until: performance.now() + TRUST_MS };
    stopWatching ??= authenticator.watch(who, onChange);
    return who;
  }
  function onChange(): void {
    known = undefined;
    ensure().catch((error: unknown) => {
      // What cannot be read now is read again before the next case.
      if (error instanceof StarterGone) onGone(error);
    });
  }
  return { ensure, close: () => stopWatching?.() };
}
