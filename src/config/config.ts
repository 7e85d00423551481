import type { AlertKind } from '../domain/alert.ts';
import type { Capability } from '../domain/model.ts';

/** USD per million tokens, as exact decimals. */
export interface DeclaredTokenPrices {
  input?: string | undefined;
  output?: string | undefined;
  cacheRead?: string | undefined;
  cacheWrite?: string | undefined;
  /** Where it is missing, reasoning costs what other output does. */
  reasoning?: string | undefined;
}

/** What a model costs, for instance `{ input: "2.5", output: "15" }`. Holds `input` or `request`, or both. */
export interface DeclaredPrice extends DeclaredTokenPrices {
  /** USD for each request, whatever its size. */
  request?: string | undefined;
  image?: string | undefined;
  audioSecond?: string | undefined;
  /** USD per million characters. */
  mchar?: string | undefined;
  /** Other prices of tokens for a longer input; the last one that is reached holds for all of the call. */
  tiers?: ({ fromInputTokens: number } & DeclaredTokenPrices)[] | undefined;
}

/** A model named in the config, beyond or instead of what the catalogue knows. */
export interface ModelConfig {
  id: string;
  displayName?: string | undefined;
  capabilities?: Capability[] | undefined;
  contextWindow?: number | undefined;
  maxOutputTokens?: number | undefined;
  price?: DeclaredPrice | undefined;
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

/** Somebody who is told of alerts. */
export interface WebhookConfig {
  name: string;
  url: string;
  /** Signs what is sent: `whsec_` and base64. */
  secret: string;
  events: AlertKind[];
}

/** What counts as unusual use of a key or a team, and what is done about it. */
export interface AnomaliesConfig {
  enabled: boolean;
  /** How many median absolute deviations above the median are unusual. */
  sensitivity: number;
  /** Whether unusual spend puts a budget on its subject for a while, and whether that one refuses or only tells. */
  brake: 'none' | 'block' | 'warn';
  brakeMinutes: number;
  /** An hour in which less is spent is not unusual for its spend. */
  minimumNanos: bigint;
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
  webhooks: WebhookConfig[];
  anomalies: AnomaliesConfig;
  /** Look for provider keys in the environment and for local servers on loopback. */
  detectProviders: boolean;
  operations: {
    /** Whether browsers may run only operations that are trusted. */
    mode: 'open' | 'trusted';
    /** Operations that every organisation trusts: their texts by their ids, from the manifests of client builds. */
    documents: Readonly<Record<string, string>>;
  };
  /** Who may read the schema: everybody, who has a key, or nobody. */
  introspection: 'public' | 'keys' | 'none';
  network: {
    /** Private networks that vendors, webhooks and price lists may lie in, in CIDR notation. */
    allowPrivate: string[];
  };
  prices: {
    /** File or URL of a price list, over the one in the package. The URL may hold a password. */
    source: string | undefined;
    refreshHours: number;
  };
  limits: {
    /** Bytes of one HTTP body or WebSocket message. */
    bodyBytes: number;
    operationDepth: number;
    operationAliases: number;
    operationTokens: number;
    operationDirectives: number;
    /** Fields that an operation begins with. */
    operationRootFields: number;
    /** Complexity points of one operation; see `@cost` in the schema. */
    operationCost: number;
    /** Levels of the variables of one operation, and all their members together. */
    variableDepth: number;
    variableValues: number;
    /** Open operations on one WebSocket. */
    operationsPerSocket: number;
    /** Messages and pings of one WebSocket, which may come at once twice as many. */
    messagesPerSecond: number;
    /** WebSockets of one address, and of one credential. */
    socketsPerAddress: number;
    socketsPerKey: number;
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
    /** Until a client has sent the headers of a request, and until it has sent all of it. */
    headersMs: number;
    requestMs: number;
    /** For a whole query or mutation; subscriptions may run for ever. */
    operationMs: number;
    /** Until a WebSocket that was opened says who it is. */
    socketInitMs: number;
    /** A WebSocket without a running operation is closed after this. */
    idleSocketMs: number;
    /** How long running work may go on after SIGTERM. */
    drainMs: number;
  };
  /** Origins that browsers may call from; none by default. */
  corsOrigins: string[];
}
