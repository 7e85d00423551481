import { openDatabase, type Database } from '../db/database.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { createNews } from '../events/news.ts';
import { appendEvent, type OutboxEvent } from '../events/outbox.ts';
import { createRelay, type Relay } from '../events/relay.ts';
import type { Opening } from './opening.ts';

/** How often an instance looks for what others have committed. Alone with its database it is told by itself. */
const POLL_SHARED_MS = 400;
const POLL_ALONE_MS = 60_000;

/** The database, and the news of what is committed there. */
export interface Store {
  database: Database;
  relay: Relay;
  /** Commits an event by itself. */
  announce: (event: OutboxEvent) => Promise<void>;
  /** Something was just committed: every instance hears of it now, and not at its next look. */
  announceCommit: () => void;
}

export async function openStore({ config, logger, database: given, opened }: Opening): Promise<Store> {
  const database = given ?? (await openDatabase({ ...config, log: (message) => logger.warn(message) }));
  opened.defer(() => database.close());
  await migrateDatabase(database);
  const relay = await createRelay(database.sql, {
    pollMs: database.kind === 'embedded' ? POLL_ALONE_MS : POLL_SHARED_MS,
    onError: (err) => logger.error({ err }, 'the outbox cannot be read'),
  });
  opened.defer(() => relay.close());
  const onNewsError = (err: Error) =>
    logger.warn({ err }, 'Redis cannot be reached; news from other instances come later');
  const news = config.redisUrl ? createNews(config.redisUrl, () => relay.kick(), onNewsError) : undefined;
  opened.defer(async () => news?.close());
  const announceCommit = () => {
    relay.kick();
    news?.tell();
  };
  const announce = async (event: OutboxEvent) => {
    await appendEvent(database.sql, event);
    announceCommit();
  };
  return { database, relay, announce, announceCommit };
}
