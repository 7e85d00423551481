/**
 * What instances tell each other by the way, for what is true only for a moment. Best effort: whoever is not there misses
 * it, nobody waits for it, and an instance hears itself too.
 */
export interface Channels {
  /** @param text at most `MAX_BYTES` long. */
  tell(channel: string, text: string): void;
  /** The listener must not throw. */
  listen(channel: string, listener: (text: string) => void): void;
  close(): Promise<void>;
}

/** What PostgreSQL takes in a notification (NOTIFY), less some. */
export const MAX_BYTES = 7_500;
