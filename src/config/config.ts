import type { Capability } from '../domain/model.ts';

/** A model named in the config, beyond or instead of what the catalogue knows. Prices are USD per million tokens. */
export interface ModelConfig {
  id: string;
  displayName?: string | undefined;
  capabilities?: Capability[] | undefined;
  contextWindow?: number | undefined;
  maxOutputTokens?: number | undefined;
  /** Exact decimals as strings, for instance `{ input: "2.5", output: "15" }`. */
  price?:
    | { input: string; output: string; cacheRead?: string | undefined; cacheWrite?: string | undefined }
    | undefined;
}

/** One provider that the owner declared. */
export interface ProviderConfig {
  /** The first half of `provider/model`. */
  name: string;
  /** Row of the provider table that speaks its language; the name itself unless said otherwise. */
  type: string;
  apiKey?: string | undefined;
  baseURL?: string | undefined;
  headers: Record<string, string>;
  /** Vendor settings by the names of the provider table's row, for instance `region`. */
  settings: Record<string, string>;
  models: ModelConfig[];
}

/** Everything that can be set, checked and with its defaults. */
export interface Config {
  environment: 'development' | 'production';
  port: number;
  host: string;
  dataDir: string;
  databaseUrl: string | undefined;
  redisUrl: string | undefined;
  adminKey: string | undefined;
  /** Hashes API keys; given by the owner so that several instances on one database agree. */
  secret: string | undefined;
  logLevel: string;
  providers: ProviderConfig[];
  /** Look for provider keys in the environment and for local servers on loopback. */
  detectProviders: boolean;
  limits: {
    /** Bytes of one HTTP body or WebSocket message. */
    bodyBytes: number;
    operationDepth: number;
    operationAliases: number;
    operationTokens: number;
    operationDirectives: number;
    /** Complexity points of one operation; see `@cost` in the schema. */
    operationCost: number;
    /** Open operations on one WebSocket. */
    operationsPerSocket: number;
  };
  timeouts: {
    /** Until a vendor's first chunk. */
    firstChunkMs: number;
    /** Between two chunks of a vendor. */
    idleMs: number;
    /** For a whole completion. */
    totalMs: number;
    /** How long a hold stands without a heartbeat of the process that took it. */
    holdMs: number;
    /** How long a completion with an idempotency key runs on while nobody listens. */
    abandonMs: number;
    /** A reader that takes nothing for this long is closed. */
    stalledReaderMs: number;
    /** How long running work may go on after SIGTERM. */
    drainMs: number;
  };
  /** Origins that browsers may call from; none by default. */
  corsOrigins: string[];
}
