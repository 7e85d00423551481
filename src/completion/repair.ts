import { GatewayError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Call } from './call.ts';
import { plan, type Plan, type Pricing } from './plan.ts';

/** The ask once more, with the answer that was no use and what is wrong with it. */
export function planRepair(
  { pricing, clock }: { pricing: Pricing; clock: Clock },
  { entered, meter }: Pick<Call, 'entered' | 'meter'>,
  fault: unknown,
): Plan {
  const { grant, model, warnings } = entered.planned;
  const { ask } = grant;
  const what = fault instanceof GatewayError ? fault.message : 'the answer is no use';
  const request = `${what}. Answer again, with JSON that meets the schema and nothing else.`;
  const answer = meter.text();
  const messages: typeof ask.messages = [
    ...ask.messages,
    ...(answer === ''
      ? []
      : [{ role: 'ASSISTANT' as const, parts: [{ type: 'text' as const, text: answer }] }]),
    { role: 'USER', parts: [{ type: 'text', text: request }] },
  ];
  return plan({ ...grant, ask: { ...ask, messages } }, pricing, clock.now(), model.name, warnings);
}
