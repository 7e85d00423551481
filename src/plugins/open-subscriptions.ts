import { createGraphQLError, isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Authenticator } from '../access/authenticate.ts';
import { watchCaller } from '../access/watch-caller.ts';
import type { Principal } from '../domain/principal.ts';
import { iterateUntilAborted } from '../lib/abort.ts';
import type { Counts } from '../lib/counts.ts';
import { askAgain, type Asking, type Knowing } from './authentication.ts';

/** Also tells of changes. */
interface Watching extends Knowing {
  authenticator: Pick<Authenticator, 'authenticate' | 'watch'>;
  openStreams: Counts;
}

/**
 * Ends a subscription with an error as soon as its caller may not have it any more, also while it is silent: when the
 * credential ends by itself, is revoked, or allows less than when the subscription began, since what it streams was
 * chosen then; or when what it runs is not trusted any more. Nothing is polled: whoever changes keys, users, roles and
 * operations tells of it.
 * @param knowing.openStreams how many a key or a user has open, over whatever transport.
 */
export function useOpenSubscriptions(knowing: Watching, subscriptionsPerKey: number): Plugin {
  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      const context = args.contextValue as unknown as Asking & { who: Principal };
      // Others renew the context for each event.
      const { who } = context;
      const giveBack = knowing.openStreams.take(who.keyId);
      if (!giveBack) return setResultAndStopExecution({ errors: [tooMany(subscriptionsPerKey)] });
      return {
        onSubscribeResult({ result, setResult }) {
          if (!isAsyncIterable<unknown>(result)) return giveBack();
          const ended = new AbortController();
          const watched = { before: who, askAgain: () => askAgain(knowing, context, who) };
          const stop = watchCaller(knowing.authenticator, watched, ended);
          const onOver = () => {
            stop();
            giveBack();
          };
          setResult(whenOver(iterateUntilAborted(result, ended.signal), onOver) as never);
        },
        onSubscribeError: giveBack,
      };
    },
  };
}

function tooMany(subscriptionsPerKey: number) {
  const message = `one key may have ${subscriptionsPerKey} subscriptions open at a time`;
  return createGraphQLError(message, { extensions: { code: 'TOO_MANY_OPERATIONS', http: { status: 429 } } });
}

/**
 * The same values; tells when no more will come. An error comes once and is the end, as with a generator: whoever turns
 * errors into results would ask again for ever.
 */
function whenOver<T>(values: AsyncIterableIterator<T>, onOver: () => void): AsyncIterableIterator<T> {
  let failed = false;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (failed) return { value: undefined, done: true };
      try {
        const result = await values.next();
        if (result.done) onOver();
        return result;
      } catch (error) {
        failed = true;
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
