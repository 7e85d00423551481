import type { Capability } from '../domain/model.ts';
import type { ListedModel } from './list-format.ts';
import { listDatedRates } from './price-list.ts';

const EMBEDDING_NAME = /embed/i;
/** Kinds of models that are called by other endpoints than text models, by the words their vendors name them with. */
const OTHER_NAME =
  /whisper|transcri|[-/]tts|moderation|rerank|[-/]ocr|voice|gpt-image|realtime|[-/]live|dall-e|imagen|lyria|sonic/i;

/** What can be said of a model for certain: text or embeddings. Anything finer has to be declared. */
export function capabilitiesOf(modelId: string, info: ListedModel | undefined): Capability[] {
  if (EMBEDDING_NAME.test(modelId)) return ['EMBEDDINGS'];
  if (OTHER_NAME.test(modelId) || (info && !canSellText(info))) return [];
  return ['TEXT'];
}

/** A model that is priced, but not for output, answers with something else; one without any price is free or unknown. */
function canSellText(info: ListedModel): boolean {
  const units = listDatedRates(info).flatMap(({ prices }) => Object.keys(prices));
  return units.length === 0 || units.includes('output_mtok');
}
