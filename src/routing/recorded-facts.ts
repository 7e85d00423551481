import type { RecordedFacts } from '../domain/recorded-facts.ts';
import type { AskFacts, RoutingRequest } from './request.ts';

/** What to keep of a request. */
export function toRecord(
  { needs, complexity, conversation, maxOutputTokens }: AskFacts,
  { inputTokens, region }: Pick<RoutingRequest, 'inputTokens' | 'region'>,
): RecordedFacts {
  const beyondText = needs.filter((need) => need !== 'TEXT');
  return {
    t: inputTokens,
    c: complexity.score,
    s: conversation,
    ...(beyondText.length > 0 && { n: beyondText }),
    ...(maxOutputTokens !== undefined && { m: maxOutputTokens }),
    ...(region !== undefined && { r: region }),
  };
}

/** The request again, as far as planning is concerned. */
export function fromRecord(
  { c, s, n = [], m }: RecordedFacts,
  said: Pick<AskFacts, 'model' | 'tags' | 'endUserId'>,
): AskFacts {
  return {
    ...said,
    needs: ['TEXT', ...n],
    maxOutputTokens: m,
    complexity: { score: c, features: {} },
    conversation: s,
  };
}
