import type { CompletionEvent } from '../domain/completion.ts';
import { Cancelled } from '../domain/errors.ts';
import { call, type Call } from './call.ts';
import type { Deps } from './complete.ts';
import type { Failed } from './fallback.ts';

type Events = AsyncGenerator<CompletionEvent, Failed | undefined>;
type Head = IteratorResult<CompletionEvent, Failed | undefined>;

/** A call under way, and its first event. */
interface Runner {
  call: Call;
  stop: AbortController;
  head: Promise<Head>;
  events: Events;
}

/** Who goes on, and who was left behind: it is over, and to be booked. */
export interface Raced {
  winner: Call;
  /** Of the winner, from the beginning; ends as `call` does. */
  events: Events;
  loser: Call | undefined;
}

/**
 * Makes a call, and when nothing real has come of it in time another one beside it. Who speaks first goes on alone; who
 * fails before the other one leaves it alone.
 * @param beside makes the other call ready; undefined when that cannot be.
 */
export async function race(
  deps: Pick<Deps, 'callProvider' | 'reporter'>,
  first: Call,
  beside: { afterMs: number; prepare: () => Promise<Call | undefined> },
  signal: AbortSignal,
): Promise<Raced> {
  const one = start(deps, first, signal);
  const isAlone = (error: unknown): undefined => {
    if (!signal.aborted) deps.reporter.unexpected(error, first.requestId);
  };
  const isLate = await isSilentFor(beside.afterMs, one);
  const other = isLate ? await beside.prepare().catch(isAlone) : undefined;
  if (!other) return { winner: first, events: one.events, loser: undefined };
  const two = start(deps, other, signal);
  const winner = await firstOf(one, two);
  const loser = winner === one ? two : one;
  loser.stop.abort(new Cancelled('another model has answered first'));
  await loser.head.catch(() => {});
  // Its call may have said something already.
  await loser.events.return(undefined).catch(() => {});
  return { winner: winner.call, events: winner.events, loser: loser.call };
}

function start(deps: Pick<Deps, 'callProvider' | 'reporter'>, made: Call, signal: AbortSignal): Runner {
  const stop = new AbortController();
  const follow = () => stop.abort(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  const calling = call(deps, made, stop.signal);
  const head = calling.next();
  head.catch(() => {});
  const unfollow = () => signal.removeEventListener('abort', follow);
  return { call: made, stop, head, events: fromHead(head, calling, unfollow) };
}

async function* fromHead(head: Promise<Head>, calling: Events, unfollow: () => void): Events {
  try {
    const { value, done } = await head;
    if (done) return value;
    yield value;
    return yield* calling;
  } finally {
    unfollow();
    await calling.return(undefined);
  }
}

/** Whether nothing comes of it, not even its end, within the time. */
async function isSilentFor(ms: number, { head }: Runner): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, true);
  const onHead = () => resolve(false);
  head.then(onHead, onHead);
  return promise.finally(() => clearTimeout(timer));
}

async function firstOf(one: Runner, two: Runner): Promise<Runner> {
  const good = ({ head }: Runner) =>
    head.then(({ value, done }) => {
      if (done && value) throw new Error('it has failed');
    });
  const winning = [one, two].map((runner) => good(runner).then(() => runner));
  // Where both have failed the one beside is told of, as the last that was asked.
  return Promise.any(winning).catch(() => two);
}
