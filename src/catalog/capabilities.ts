import type { ModelInfo } from '@pydantic/genai-prices';
import type { Capability } from '../domain/model.ts';

const EMBEDDING_NAME = /embed/i;
/** Kinds of models that are called by other endpoints than text models, by the words their vendors name them with. */
const OTHER_NAME =
  /whisper|transcri|[-/]tts|moderation|rerank|[-/]ocr|voice|gpt-image|realtime|[-/]live|dall-e|imagen|lyria|sonic/i;

/** What can be said of a model for certain: text or embeddings. Anything finer has to be declared. */
export function capabilitiesOf(modelId: string, info: ModelInfo | undefined): Capability[] {
  if (EMBEDDING_NAME.test(modelId)) return ['EMBEDDINGS'];
  if (OTHER_NAME.test(modelId) || (info && !canSellText(info))) return [];
  return ['TEXT'];
}

/** A model that is priced, but not for output, answers with something else; one without any price is free or unknown. */
function canSellText(info: ModelInfo): boolean {
  const dated = Array.isArray(info.prices) ? info.prices.map((entry) => entry.prices) : [info.prices];
  const units = dated.flatMap((prices) => Object.keys(prices));
  return units.length === 0 || units.includes('output_mtok');
}
