import { onTestFinished } from 'vitest';
import { startServer } from '../../../src/server/server.ts';
import type { RunningServer, ServerOptions } from '../../../src/server/server.ts';
import { createGraphqlServer } from '../../../src/server/yoga.ts';
import type { GraphqlServerOptions } from '../../../src/server/yoga.ts';
import { createToy } from './toy.ts';
import type { Toy } from './toy.ts';

export interface Logged {
  details: Record<string, unknown>;
  message: string;
}

export interface TestServer extends RunningServer {
  origin: string;
  toy: Toy;
  logged: Logged[];
}

type Changes = Partial<Omit<GraphqlServerOptions, 'limits'>> &
  Partial<Omit<ServerOptions, 'graphql' | 'limits' | 'timeouts'>> & {
    limits?: Partial<ServerOptions['limits']>;
    timeouts?: Partial<ServerOptions['timeouts']>;
  };

const LIMITS = {
  bodyBytes: 100_000,
  operationsPerSocket: 100,
  messagesPerSecond: 1_000_000,
  socketsPerAddress: 1_000,
  socketsPerKey: 1_000,
};

const TIMEOUTS = {
  headersMs: 10_000,
  requestMs: 60_000,
  stalledReaderMs: 30_000,
  socketInitMs: 3_000,
  idleSocketMs: 600_000,
};

/** A real server on a free port around the toy schema; closed when the test ends. */
export async function startTestServer(changes: Changes = {}): Promise<TestServer> {
  const toy = createToy();
  const logged: Logged[] = [];
  const options = {
    environment: 'development' as const,
    corsOrigins: [],
    log: {
      error: (details: Record<string, unknown>, message: string) => void logged.push({ details, message }),
    },
    host: '127.0.0.1',
    port: 0,
    ready: async () => {},
    findShedding: () => undefined,
    tls: undefined,
    trustedProxies: [],
    certificateHeader: undefined,
    regionHeader: undefined,
    schema: toy.schema,
    plugins: [],
    context: () => ({}),
    rest: { has: () => false, answer: async () => {} },
    ...changes,
    limits: { ...LIMITS, ...changes.limits },
    timeouts: { ...TIMEOUTS, ...changes.timeouts },
  };
  const server = await startServer({ ...options, graphql: createGraphqlServer(options) });
  onTestFinished(() => server.close());
  return { ...server, origin: new URL(server.url).origin, toy, logged };
}
