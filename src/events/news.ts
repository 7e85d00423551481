import { Redis } from 'ioredis';

const CHANNEL = 'sluice:news';

/** Tells other instances that there is something to read in the outbox, so that they need not wait for their next look. */
export interface News {
  /** Best effort and without waiting: whoever misses it looks by itself soon after. */
  tell(): void;
  close(): Promise<void>;
}

/** News over Redis. While Redis is gone nothing is told, nothing waits, and it is tried again in the background. */
export function createNews(redisUrl: string, onNews: () => void, onError: (error: Error) => void): News {
  const options = { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy };
  const sender = new Redis(redisUrl, options);
  // A connection that subscribes can do nothing else, and must queue to subscribe again after each reconnect.
  const receiver = new Redis(redisUrl, { ...options, enableOfflineQueue: true, maxRetriesPerRequest: null });
  for (const connection of [sender, receiver]) {
    connection.on('error', onError);
    connection.connect().catch(() => {});
  }
  receiver.on('message', onNews);
  receiver.subscribe(CHANNEL).catch(onError);
  return {
    tell: () => void sender.publish(CHANNEL, '').catch(() => {}),
    async close() {
      for (const connection of [sender, receiver]) connection.disconnect();
    },
  };
}

function retryStrategy(attempt: number): number {
  return Math.min(attempt * 100, 3_000);
}
