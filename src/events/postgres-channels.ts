import postgres, { type Options, type Sql } from 'postgres';
import type { Channels } from './channels.ts';

const LISTEN_AGAIN_MS = 1_000;
/** So many may be on their way; what comes on top while the database is slow is not told. */
const MAX_TELLING = 8;

/** Over notifications of PostgreSQL, which takes one connection that does nothing else. Tries again when that is lost. */
export function createPostgresChannels(sql: Sql): Channels {
  const listeners = new Map<string, (text: string) => void>();
  let telling = 0;
  let isClosed = false;
  let again: ReturnType<typeof setTimeout> | undefined;
  // `sql.listen` gives up for ever where its first attempt after a loss fails (postgres.js 3.4.9).
  const receiver = postgres({
    ...sql.options,
    max: 1,
    idle_timeout: null,
    max_lifetime: null,
    onclose: listenLater,
    onnotify: (channel: string, text: string) => listeners.get(channel)?.(text),
  } as unknown as Options<{}>);

  function listenLater(): void {
    if (isClosed) return;
    clearTimeout(again);
    again = setTimeout(listenToAll, LISTEN_AGAIN_MS);
    again.unref();
  }
  function listenToAll(): void {
    for (const channel of listeners.keys()) {
      receiver`LISTEN ${receiver(channel)}`.simple().catch(listenLater);
    }
  }
  return {
    tell(channel, text) {
      if (telling >= MAX_TELLING || isClosed) return;
      telling += 1;
      sql`SELECT pg_notify(${channel}, ${text})`.catch(() => {}).finally(() => (telling -= 1));
    },
    listen(channel, listener) {
      listeners.set(channel, listener);
      listenToAll();
    },
    async close() {
      isClosed = true;
      clearTimeout(again);
      await receiver.end({ timeout: 0 });
    },
  };
}
