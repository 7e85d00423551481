import type { OutputInvalid } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import { plan, type Plan, type Pricing } from './plan.ts';

/** The ask once more, with the answer that was no use and what is wrong with it. */
export function planRepair(
  { pricing, clock }: { pricing: Pricing; clock: Clock },
  { grant, model, warnings }: Plan,
  answer: string,
  fault: OutputInvalid,
): Plan {
  const { ask } = grant;
  const request = `${fault.message}. Answer again, with JSON that meets the schema and nothing else.`;
  const messages: typeof ask.messages = [
    ...ask.messages,
    ...(answer === ''
      ? []
      : [{ role: 'ASSISTANT' as const, parts: [{ type: 'text' as const, text: answer }] }]),
    { role: 'USER', parts: [{ type: 'text', text: request }] },
  ];
  return plan({ ...grant, ask: { ...ask, messages } }, pricing, clock.now(), model.name, warnings);
}
