import { openDatabase, type Database } from '../db/database.ts';
import { migrateDatabase } from '../db/migrate.ts';
import type { Channels } from '../events/channels.ts';
import { appendEvent, type OutboxEvent } from '../events/outbox.ts';
import { createPostgresChannels } from '../events/postgres-channels.ts';
import { createRedisChannels } from '../events/redis-channels.ts';
import { createRelay, type Relay } from '../events/relay.ts';
import type { Opening } from './opening.ts';

/** How often an instance looks for what others have committed. Alone with its database it is told by itself. */
const POLL_SHARED_MS = 400;
const POLL_ALONE_MS = 60_000;
/** On which instances are told over Redis that there is something to read in the outbox, so that they need not wait. */
const NEWS = 'sluice:news';

/** The database, and the news of what is committed there. */
export interface Store {
  database: Database;
  relay: Relay;
  /** Commits an event by itself. */
  announce: (event: OutboxEvent) => Promise<void>;
  /** Something was just committed: every instance hears of it now, and not at its next look. */
  announceCommit: () => void;
  /** To the other instances; undefined where there can be none. */
  channels: Channels | undefined;
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
  const onRedisError = (err: Error) =>
    logger.warn({ err }, 'Redis cannot be reached; news from other instances come later');
  const redis = config.redisUrl ? createRedisChannels(config.redisUrl, onRedisError) : undefined;
  opened.defer(async () => redis?.close());
  redis?.listen(NEWS, () => relay.kick());
  const postgres = redis || database.kind === 'embedded' ? undefined : createPostgresChannels(database.sql);
  opened.defer(async () => postgres?.close());
  const announceCommit = () => {
    relay.kick();
    redis?.tell(NEWS, '');
  };
  const announce = async (event: OutboxEvent) => {
    await appendEvent(database.sql, event);
    announceCommit();
  };
  return {
    database,
    relay,
    announce,
    announceCommit,
    channels: database.kind === 'embedded' ? undefined : (redis ?? postgres),
  };
}
