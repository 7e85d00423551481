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

/** A unit that has a price, per million tokens. */
export const PRICE_UNITS = ['MTOK_INPUT', 'MTOK_OUTPUT', 'MTOK_CACHE_READ', 'MTOK_CACHE_WRITE'] as const;
export type PriceUnit = (typeof PRICE_UNITS)[number];

/** One rate: nano-USD per million tokens, valid from an input of `fromTokens` tokens on. */
export interface Rate {
  unit: PriceUnit;
  fromTokens: number;
  nanosPerMtok: bigint;
}

/** Everything needed to price a call, and where it came from. It is kept on the row it priced. */
export interface Price {
  rates: Rate[];
  /** `config`, `demo`, or the name and version of the price data. */
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
  contextWindow: number | undefined;
  maxOutputTokens: number | undefined;
  deprecated: boolean;
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
}
