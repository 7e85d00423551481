import type { AlertKind } from '../domain/alert.ts';
import type { Lifecycle } from '../domain/lifecycle.ts';
import type { LimitScope, LimitUnit } from '../domain/limit.ts';
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
  /** Whether it can be asked to go on from the beginning of an answer; undefined: as is known of its provider. */
  continues?: boolean | undefined;
  price?: DeclaredPrice | undefined;
}

export const CONTINUATION_WAYS = ['last-message', 'prefix', 'vllm'] as const;
/**
 * What makes a server go on from the beginning of an answer: that it is the last message, a `prefix` in that message, or
 * what vLLM wants to be told.
 */
export type ContinuationWay = (typeof CONTINUATION_WAYS)[number];

/** One provider that the owner declared. */
export interface ProviderConfig {
  /** The first half of `provider/model`. */
  name: string;
  /** Row of the provider table that speaks its language; the name itself unless said otherwise. */
  type: string;
  apiKey?: string | undefined;
  /** More keys of the same account or others: all are used in turn. */
  apiKeys?: string[] | undefined;
  /** Where it runs, for data residency. */
  region?: string | undefined;
  baseURL?: string | undefined;
  /** Of a server of OpenAI's wire format; undefined: it begins every answer anew. */
  continuation?: ContinuationWay | undefined;
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

/** What each subject of a scope may use, where nothing else is set. */
export interface EachLimit {
  scope: LimitScope;
  unit: LimitUnit;
  max: number;
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

/** Where something about a caller stands in a token, and what it means here. */
export interface ClaimMapping {
  /** Name of the claim, or its path by dots: `resource_access.sluice.roles`. It may hold a list. */
  claim?: string | undefined;
  /** Their value by ours; what is not in it counts as not there. */
  map?: Record<string, string> | undefined;
  /** Where the claim says nothing. */
  default?: string | undefined;
}

/** Somebody whose tokens (JWT) are taken. */
export interface IssuerConfig {
  /** Exactly as it stands in `iss`. */
  issuer: string;
  /** One of them has to stand in `aud`. */
  audience: string[];
  /** Where its public keys are; found by OpenID Connect Discovery unless given. */
  jwksUri?: string | undefined;
  /** Signature algorithms that are accepted, by their names in JOSE. */
  algorithms: string[];
  /** How far its clock may be off. */
  leewaySeconds: number;
  claims: {
    organisation: ClaimMapping;
    team?: ClaimMapping | undefined;
    role?: ClaimMapping | undefined;
    endUser?: ClaimMapping | undefined;
    name: ClaimMapping;
    email: ClaimMapping;
  };
}

/** Who the holder of a client certificate is; `subject` or `san` says which certificates are meant. */
export interface CertificateConfig {
  /** Attributes of the subject that all have to be there, `CN=web-*,OU=Payments`. */
  subject?: string | undefined;
  /** A name that it is issued for: a URI or a DNS name. */
  san?: string | undefined;
  organisation: string;
  team: string;
  role: string;
  endUser?: string | undefined;
}

/** Files in PEM, and whether clients are asked for a certificate. */
export interface TlsConfig {
  cert: string;
  key: string;
  /** Issuers of client certificates. */
  ca?: string | undefined;
  clientAuth: 'none' | 'request' | 'require';
}

/** Where the flags come from that conditions of routes name; from nowhere where neither is set. */
export interface FlagsConfig {
  /** A service that speaks the OpenFeature Remote Evaluation Protocol. */
  ofrep?: { url: string; headers: Record<string, string> } | undefined;
  /** The flags themselves. */
  static?: Record<string, boolean> | undefined;
  /** How long a request waits for its flags; afterwards they count as false. */
  timeoutMs: number;
  /** How long a value is kept for the same caller. */
  cacheMs: number;
}

/** Other names of models, and when models come to their end, for every organisation that says nothing else. */
export interface ModelsConfig {
  /** Models by their aliases. */
  aliases: Record<string, string>;
  /** By the names of models. */
  lifecycles: Record<string, Lifecycle>;
  /** So many days before a sunset it is told of, where the model is still called. */
  warnDays: number[];
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
  flags: FlagsConfig;
  models: ModelsConfig;
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
    /** Private networks that vendors, webhooks, price lists, keys of issuers and flags may lie in, in CIDR notation. */
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
    /** Points of one operation: one for a field, more for lists, pages and paid calls. */
    operationCost: number;
    /** Levels of the variables of one operation, and all their members together. */
    variableDepth: number;
    variableValues: number;
    /** Open operations on one WebSocket. */
    operationsPerSocket: number;
    /** Messages and pings of one WebSocket, which may come at once twice as many. */
    messagesPerSecond: number;
    /** WebSockets of one address (of IPv6, one network of 64 bits), and of one credential. */
    socketsPerAddress: number;
    socketsPerKey: number;
    /** Open subscriptions of one key or user, over whatever transport. */
    subscriptionsPerKey: number;
    /** Wrong credentials of one address, before it is told to wait. */
    failedCredentialsPerMinute: number;
    each: EachLimit[];
    /** Calls of one model under way at a time, at most; fewer while its vendor wants fewer. */
    upstreamCalls: number;
    /** Requests for one model that wait for such a call: how many may, and for how long. */
    queue: { length: number; waitMs: number };
  };
  /** Readings of this process from which on new work is refused; `BATCH` from a tenth below. */
  shedding: {
    /** Median delay of the event loop. */
    loopDelayMs: number;
    /** Of what the machine or the container has, or of V8's heap. */
    memoryPercent: number;
    /** Until the database answers. */
    databaseMs: number;
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
    /** How long a request waits for the limits in Redis, before this instance decides alone. */
    sharedLimitsMs: number;
  };
  /** Origins that browsers may call from; none by default. */
  corsOrigins: string[];
  /** Speaks https and wss where it is set. */
  tls: TlsConfig | undefined;
  /** Addresses and networks whose `x-forwarded-for` is believed. */
  trustedProxies: string[];
  /** The header in which they tell of a client's certificate. */
  certificateHeader: string | undefined;
  /** The header in which they tell where a client is. */
  regionHeader: string | undefined;
  identity: { issuers: IssuerConfig[]; certificates: CertificateConfig[] };
}
