import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Authenticator } from '../access/authenticate.ts';
import { Forbidden } from '../domain/errors.ts';
import { hasScope, SCOPES, type Principal } from '../domain/principal.ts';
import { iterateUntilAborted } from '../lib/abort.ts';

/** The longest that a timer of Node can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** What stands in the context of an operation once it is known who asks. */
interface Known {
  who: Principal;
}

/**
 * Ends a subscription with an error as soon as its caller may not have it any more, also while it is silent: when the
 * credential ends by itself, is revoked, or allows less than when the subscription began, since what it streams was
 * chosen then. Nothing is polled: whoever changes keys, users and roles tells of it.
 * @param authenticate asks again who sent the operation.
 */
export function useOpenSubscriptions<Context extends Known>(
  authenticator: Pick<Authenticator, 'watch'>,
  authenticate: (context: Context) => Promise<Principal>,
): Plugin {
  return {
    onSubscribe({ args }) {
      const context = args.contextValue as unknown as Context;
      const before = context.who;
      return {
        onSubscribeResult({ result, setResult }) {
          if (!isAsyncIterable<unknown>(result)) return;
          const ended = new AbortController();
          const stop = watchCaller(authenticator, before, () => authenticate(context), ended);
          setResult(whenOver(iterateUntilAborted(result, ended.signal), stop) as never);
        },
      };
    },
  };
}

/** @returns how to stop; it is stopped already once `ended` has aborted. */
function watchCaller(
  authenticator: Pick<Authenticator, 'watch'>,
  before: Principal,
  authenticate: () => Promise<Principal>,
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
      const now = await authenticate();
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

function ensureNoLess(before: Principal, now: Principal): void {
  const same =
    before.organisationId === now.organisationId &&
    before.teamId === now.teamId &&
    before.endUserId === now.endUserId &&
    (now.models.length === 0 || String(now.models) === String(before.models)) &&
    SCOPES.every((scope) => !hasScope(before, scope) || hasScope(now, scope));
  if (!same) throw new Forbidden('what you may do has changed; subscribe again');
}

/** The same values; tells once when no more will come. */
function whenOver<T>(values: AsyncIterableIterator<T>, onOver: () => void): AsyncIterableIterator<T> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const result = await values.next();
        if (result.done) onOver();
        return result;
      } catch (error) {
        onOver();
        throw error;
      }
    },
    async return() {
      onOver();
      return (await values.return?.()) ?? { value: undefined, done: true };
    },
  };
}
