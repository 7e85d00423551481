import type { EmbeddingModelV4, LanguageModelV4 } from '@ai-sdk/provider';
import type { FetchFunction } from '@ai-sdk/provider-utils';
import type { ProviderConfig } from '../config/config.ts';
import type { ProviderKind } from '../domain/model.ts';
import type { Continuation } from './continuation.ts';

/** What a row of the table gets to open its vendor's package with. */
export interface VendorOptions {
  /** The provider's name here, which may differ from the row's type. */
  name: string;
  apiKey: string | undefined;
  baseURL: string | undefined;
  headers: Record<string, string>;
  settings: Readonly<Record<string, string | undefined>>;
  fetch: FetchFunction;
}

export type CreateModel = (modelId: string) => LanguageModelV4;
export type CreateEmbedder = (modelId: string) => EmbeddingModelV4;

/** Environment variables by what they set: `apiKey`, `baseURL`, or one of the row's own settings. */
export type Variables = Readonly<Record<string, string>>;

/** One vendor, or one wire format that many servers speak. */
export interface ProviderRow {
  /** Name in the config, and of the provider when it is found in the environment. */
  type: string;
  displayName: string;
  kind: ProviderKind;
  /** Id in the data of `@pydantic/genai-prices`. */
  catalogueId?: string;
  openNames: boolean;
  /** Ways to sign in; everything of one way is needed. No way at all: only a `baseURL` is. */
  signIn: readonly Variables[];
  /** What may be set besides. */
  optional?: Variables;
  /** Used where none is configured. Always passed on: some packages would read the environment instead. */
  baseURL?: string;
  /** Key in `providerOptions` under which the vendor takes `strictJsonSchema`. */
  strictSchemaKey?: string;
  /** The vendor's package sends a schema for few models or none, so the model is told of it in words. */
  schemaInPrompt?: boolean;
  /**
   * How a model is told to go on from the beginning of an answer. Only what a vendor documents: others begin a new answer, or
   * refuse.
   */
  continuation?(
    modelId: string,
    config: Pick<ProviderConfig, 'name' | 'baseURL' | 'continuation'>,
  ): Continuation | undefined;
  /** Imports the vendor's package, which costs 10 to 80 ms, and opens it. */
  load(options: VendorOptions): Promise<CreateModel>;
  /** The same for its embedding models, where it has any. */
  loadEmbedder?(options: VendorOptions): Promise<CreateEmbedder>;
}
