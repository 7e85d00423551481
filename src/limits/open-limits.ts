import type { Sql } from 'postgres';
import type { Config } from '../config/config.ts';
import type { Relay } from '../events/relay.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import { openLimitBook, type LimitBook } from './book.ts';
import { throttleFailures, type Authenticating } from './failed-credentials.ts';
import { createLimits, type Limits } from './limits.ts';
import { createLocalStore, openSharedStore } from './shared-store.ts';
import { MINUTE_MS } from './store.ts';

/** In front of every key in Redis. */
const PREFIX = 'sluice:limits:';

export interface OpenLimits {
  limits: Limits;
  /** The limits as they are set. */
  book: LimitBook;
  /** Puts the limit of wrong credentials before a way to prove who one is. */
  throttle<A extends Authenticating>(authenticator: A): A;
  close(): Promise<void>;
}

/** Limits as they are set, and what was drawn on them: in Redis where there is one, else in this process. */
export async function openLimits(
  { limits: config, timeouts, redisUrl }: Pick<Config, 'limits' | 'timeouts' | 'redisUrl'>,
  parts: { sql: Sql; relay: Relay; logger: Logger; clock: Clock },
): Promise<OpenLimits> {
  const { sql, relay, logger, clock } = parts;
  const { monotonicMs } = clock;
  const book = await openLimitBook(sql, {
    defaults: config.each,
    relay,
    onError: (err) => logger.error({ err }, 'limits cannot be read; those that were known hold on'),
  });
  const onChange = (isUp: boolean) =>
    isUp
      ? logger.info('limits are shared in Redis')
      : logger.warn('Redis does not answer; this instance lets through its share of each limit');
  const answerWithinMs = timeouts.sharedLimitsMs;
  const shared = {
    minuteMs: MINUTE_MS,
    answerWithinMs,
    instanceId: newId('inst'),
    prefix: PREFIX,
    monotonicMs,
    onChange,
  };
  const store =
    redisUrl === undefined
      ? createLocalStore(monotonicMs, MINUTE_MS)
      : await openSharedStore({ ...shared, redisUrl });
  const maxPerMinute = config.failedCredentialsPerMinute;
  return {
    limits: createLimits({ book, store }),
    book,
    throttle: (authenticator) => ({
      ...authenticator,
      authenticate: throttleFailures(authenticator, { store, maxPerMinute, monotonicMs }),
    }),
    async close() {
      store.close();
      await book.close();
    },
  };
}
