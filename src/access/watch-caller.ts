import { Forbidden } from '../domain/errors.ts';
import { hasScope, SCOPES, type Principal } from '../domain/principal.ts';
import type { Authenticator } from './authenticate.ts';

/** The longest that a timer of Node can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Whose stream it is, and how to ask again. */
export interface Watched {
  /** Who they were when the stream began. */
  before: Principal;
  /** Who they are by now. @throws when they may not come in any more. */
  askAgain(): Promise<Principal>;
}

/**
 * Ends a stream with an error as soon as its caller may not have it any more, also while it is silent: when the
 * credential ends by itself, is revoked, or allows less than when the stream began. Nothing is polled: whoever changes
 * keys, users, roles and operations tells of it.
 * @returns how to stop; it is stopped already once `ended` has aborted.
 */
export function watchCaller(
  authenticator: Pick<Authenticator, 'watch'>,
  { before, askAgain }: Watched,
  ended: AbortController,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const unwatch = authenticator.watch(before, () => void look());

  function stop(): void {
    stopped = true;
    clearTimeout(timer);
    unwatch();
  }

  async function look(): Promise<void> {
    try {
      const now = await askAgain();
      ensureNoLess(before, now);
      lookAgainAt(now.expiresAt);
    } catch (error) {
      if (stopped) return;
      stop();
      ended.abort(error);
    }
  }

  function lookAgainAt(expiresAt: Date | undefined): void {
    clearTimeout(timer);
    if (expiresAt === undefined || stopped) return;
    const leftMs = Math.max(0, expiresAt.getTime() - Date.now());
    timer = setTimeout(() => void look(), Math.min(leftMs, TIMER_MS_MAX));
    timer.unref();
  }

  // What changed between the first look and now was told to nobody.
  void look();
  return stop;
}

/** @throws Forbidden when somebody may do less than before, or elsewhere: what a stream shows was chosen then. */
export function ensureNoLess(before: Principal, now: Principal): void {
  const same =
    before.organisationId === now.organisationId &&
    before.teamId === now.teamId &&
    before.endUserId === now.endUserId &&
    hasNoFewerModels(before, now) &&
    hasNoFewerRegions(before, now) &&
    SCOPES.every((scope) => !hasScope(before, scope) || hasScope(now, scope));
  if (!same) throw new Forbidden('what you may do has changed; subscribe again');
}

/** More of them take nothing away; no list is all of them. */
function hasNoFewerModels(before: Principal, now: Principal): boolean {
  if (now.models.length === 0) return true;
  return before.models.length > 0 && before.models.every((model) => now.models.includes(model));
}

function hasNoFewerRegions(before: Principal, { regions: now }: Principal): boolean {
  if (!now) return true;
  return before.regions?.every((region) => now.includes(region)) ?? false;
}
