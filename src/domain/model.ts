/** What a model can be asked for. */
export const CAPABILITIES = [
  'TEXT',
  'VISION',
  'AUDIO',
  'TOOLS',
  'JSON_SCHEMA',
  'REASONING',
  'EMBEDDINGS',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** What a price is for: a million tokens or characters, or a single request, image or second of audio. */
export const PRICE_UNITS = [
  'MTOK_INPUT',
  'MTOK_OUTPUT',
  'MTOK_CACHE_READ',
  'MTOK_CACHE_WRITE',
  'MTOK_REASONING',
  'MCHAR',
  'REQUEST',
  'IMAGE',
  'AUDIO_SECOND',
] as const;
export type PriceUnit = (typeof PRICE_UNITS)[number];

/** One rate: nano-USD for one unit, valid from an input of `fromTokens` tokens on. */
export interface Rate {
  unit: PriceUnit;
  fromTokens: number;
  nanos: bigint;
}

/** A rate as JSON: `nanos` as decimal text, since JSON numbers are not exact. */
export interface StoredRate {
  unit: PriceUnit;
  fromTokens: number;
  nanos: string;
}

/** Everything needed to price a call, and where it came from. Each is kept as a row that the journal names. */
export interface Price {
  /** Made from all that follows, so that the same price is the same row. */
  id: string;
  /** Whose own price it is; undefined for one that holds for everybody. */
  organisationId: string | undefined;
  provider: string;
  /** `provider/id`. */
  model: string;
  rates: Rate[];
  /** `config`, `demo`, `organisation`, or the name and version of the price list. */
  source: string;
  effectiveFrom: Date | undefined;
}

/** A model that some configured provider offers. `name` is `provider/id`, the name callers use. */
export interface Model {
  name: string;
  provider: string;
  /** The vendor's own name for it. */
  id: string;
  displayName: string;
  capabilities: Capability[];
  /** Whether the owner listed them: otherwise it may be able to do more than they say. */
  capabilitiesDeclared: boolean;
  contextWindow: number | undefined;
  maxOutputTokens: number | undefined;
  deprecated: boolean;
  /** Whether it can be asked to go on from the beginning of an answer. */
  continues: boolean;
  /** Of the deployment that runs it; undefined: nobody has said. */
  region: string | undefined;
}

export type ProviderKind = 'DEMO' | 'CLOUD' | 'LOCAL' | 'COMPATIBLE';

/** A provider the gateway knows of, whether or not it can be called yet. */
export interface ProviderInfo {
  name: string;
  displayName: string;
  kind: ProviderKind;
  configured: boolean;
  /** For a provider that is not configured: what to set, for instance `OPENAI_API_KEY`. */
  needs: string | undefined;
  /** Where it runs, by a name that rules of data residency use; undefined: nobody has said. */
  region?: string | undefined;
}
