import { Writable } from 'node:stream';
import { createClient, type Client } from 'graphql-ws';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { WebSocket } from 'ws';
import type { Config } from '../../src/config/config.ts';
import { toEnvironment } from '../../src/config/env.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { GatewayOptions } from '../../src/gateway.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { start, type Running } from '../../src/server/start.ts';
import { expectBooksToBalance, expectNothingHeld } from './books.ts';
import { openPooledDatabase, type PooledDatabase } from './pooled-database.ts';
import { createTestDatabase } from './test-database.ts';

export const ADMIN_KEY = 'tests-only-Xk29dkQpLm38fhWq81ncVbz77';

/** What a GraphQL answer holds, for tests that look into it freely. */
export type Answer = {
  data?: any;
  errors?: { message: string; path?: string[]; extensions: Record<string, any> }[];
  extensions?: Record<string, any>;
};

export interface TestGateway extends Running {
  url: string;
  /** Asks as a client would, over HTTP. `key: null` sends none. */
  ask(
    query: string,
    variables?: object,
    options?: { key?: string | null; signal?: AbortSignal; headers?: Record<string, string> },
  ): Promise<Answer>;
  /** A client of graphql-ws on a socket of its own; it is disposed of after the test. */
  socket(options?: { key?: string | null; retryAttempts?: number; params?: Record<string, string> }): Client;
  /** Every line that was logged. */
  logs: string[];
}

export interface TestOptions {
  config?: Partial<Config>;
  variables?: Record<string, string>;
  databaseUrl?: string | undefined;
  dataDir?: string;
  /** Instead of one in the data directory, which then holds the rest alone. */
  pooled?: PooledDatabase | undefined;
  readings?: GatewayOptions['readings'];
}

/** Boots the whole gateway in this process: real server, real database, demo models. */
export async function bootGateway(options: TestOptions = {}): Promise<TestGateway> {
  const variables = {
    PORT: '0',
    SLUICE_ADMIN_KEY: ADMIN_KEY,
    SLUICE_DETECT: '0',
    LOG_LEVEL: 'debug',
    ...options.variables,
  };
  const base = loadConfig(toEnvironment(variables, '/nonexistent'));
  const logs: string[] = [];
  const destination = new Writable({ write: (chunk, _encoding, done) => (logs.push(String(chunk)), done()) });
  const config: Config = {
    ...base,
    dataDir: options.dataDir ?? 'memory://',
    databaseUrl: options.databaseUrl,
    ...options.config,
  };
  const logger = createLogger({ level: 'debug', destination });
  const warn = (message: string) => logger.warn(message);
  const isInMemory = !options.pooled && config.databaseUrl === undefined && config.dataDir === 'memory://';
  const running = await start(config, {
    logger,
    variables,
    ...(options.readings && { readings: options.readings }),
    ...(options.pooled && { database: options.pooled.open(warn) }),
    ...(isInMemory && { database: await openPooledDatabase(warn) }),
  });
  const clients = new Set<Client>();
  const { url } = running.server;
  return {
    ...running,
    url,
    logs,
    async ask(query, vars, { key = ADMIN_KEY, signal, headers } = {}) {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...headers,
        },
        body: JSON.stringify({ query, variables: vars }),
        signal: signal ?? null,
      });
      return (await response.json()) as Answer;
    },
    socket({ key = ADMIN_KEY, retryAttempts = 0, params } = {}) {
      const client = createClient({
        url: url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { ...(key !== null && { authorization: `Bearer ${key}` }), ...params },
        retryAttempts,
      });
      clients.add(client);
      return client;
    },
    async stop(drainMs) {
      for (const client of clients) await client.dispose();
      await running.stop(drainMs);
    },
  };
}

/**
 * One gateway for all tests of a file, on the embedded database or on PostgreSQL. After each test nothing may be held
 * and the books must balance, whatever the test did.
 */
export function useGateway(options: TestOptions = {}): () => TestGateway {
  let gateway: TestGateway;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const database = await createTestDatabase();
    drop = database.drop;
    gateway = await bootGateway({ databaseUrl: database.databaseUrl, ...options });
  });
  afterEach(async () => {
    await expectNothingHeld(gateway.gateway.database);
    await expectBooksToBalance(gateway.gateway.database);
  });
  afterAll(async () => {
    await gateway.stop(0);
    await drop();
  });
  return () => gateway;
}
