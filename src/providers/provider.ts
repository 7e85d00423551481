import type { ModelConfig } from '../config/config.ts';
import type { Ask } from '../domain/ask.ts';
import type { Chunk } from '../domain/completion.ts';
import type { ProviderInfo } from '../domain/model.ts';
import type { Quota } from '../domain/quota.ts';

/** Something that answers asks: a vendor, a server on this machine, or the built-in demo. */
export interface Provider {
  info: ProviderInfo;
  /** Models known without the price data: from the config, from a local server's own list, or the demo's. */
  declaredModels: readonly ModelConfig[];
  /** Id of this vendor in the data of `@pydantic/genai-prices`. */
  catalogueId: string | undefined;
  /** Whether a model name that nobody has listed may be tried, as on servers where owners name the models. */
  openNames: boolean;
  /** Whether the model can be asked to go on from the beginning of an answer, `ask.answerSoFar`. */
  continues(modelId: string): boolean;
  /**
   * Asks the model, once; nothing is retried here. The call begins with the first `next()`. An abort of the
   * signal and the reader's `return()` both end it at once, also while the vendor is silent.
   * @param modelId the vendor's own name of the model, without the provider.
   * @param onQuota is told what the vendor's answer or refusal says of its limits, before anything else comes of it.
   * @throws ProviderError (on iteration) for every fault of the vendor; the signal's reason after an abort;
   * ModelUnavailable when the provider is not configured; InvalidInput for an option that cannot be passed on.
   */
  stream(
    modelId: string,
    ask: Ask,
    signal: AbortSignal,
    onQuota?: (quota: Quota) => void,
  ): AsyncIterable<Chunk>;
}
