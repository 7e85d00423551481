import { Redis } from 'ioredis';
import type { Channels } from './channels.ts';

/** Over Redis. While that is gone nothing is told, nothing waits, and it is tried again in the background. */
export function createRedisChannels(redisUrl: string, onError: (error: Error) => void): Channels {
  const options = { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy };
  const sender = new Redis(redisUrl, options);
  // A connection that subscribes can do nothing else, and must queue to subscribe again after each reconnect.
  const receiver = new Redis(redisUrl, { ...options, enableOfflineQueue: true, maxRetriesPerRequest: null });
  for (const connection of [sender, receiver]) {
    connection.on('error', onError);
    connection.connect().catch(() => {});
  }
  return {
    tell: (channel, text) => void sender.publish(channel, text).catch(() => {}),
    listen(channel, listener) {
      receiver.on('message', (on: string, text: string) => {
        if (on === channel) listener(text);
      });
      receiver.subscribe(channel).catch(onError);
    },
    async close() {
      for (const connection of [sender, receiver]) connection.disconnect();
    },
  };
}

function retryStrategy(attempt: number): number {
  return Math.min(attempt * 100, 3_000);
}
