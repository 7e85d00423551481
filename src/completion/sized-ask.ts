import type { Ask } from '../domain/ask.ts';
import { factsOf } from '../routing/ask-facts.ts';
import type { AskFacts } from '../routing/request.ts';
import { estimateInputTokens } from './ask-size.ts';

/** What planning, and the record of it, want to know of an ask. */
interface SizedAsk {
  inputTokens: number;
  facts: AskFacts;
}

const known = new WeakMap<Ask, SizedAsk>();

/** Found out once, however many models are planned for the ask: none is ever changed. */
export function sizeUp(ask: Ask): SizedAsk {
  const before = known.get(ask);
  if (before) return before;
  const inputTokens = estimateInputTokens(ask);
  const sized = { inputTokens, facts: factsOf(ask, inputTokens) };
  known.set(ask, sized);
  return sized;
}
