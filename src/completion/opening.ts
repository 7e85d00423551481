import type { Completion } from '../domain/completion.ts';
import { newId } from '../lib/ids.ts';
import type { Plan } from './plan.ts';

/** What identifies a request. */
export interface Opening {
  idempotencyKey: string | undefined;
  askHash: string;
  traceId: string;
}

/** Which model answers, and at what price. */
interface Answering extends Pick<Plan, 'price'> {
  model: Pick<Plan['model'], 'name' | 'provider'>;
}

/** A completion at its beginning. */
export function open(
  planned: Answering & Pick<Plan, 'grant' | 'trial'>,
  { idempotencyKey, askHash, traceId }: Opening,
  at: Date,
): Completion {
  const { who, ask } = planned.grant;
  return {
    id: newId('cmpl'),
    origin: who.background?.origin ?? 'CALLER',
    shadowOf: who.background?.shadowOf,
    organisationId: who.organisationId,
    teamId: who.teamId,
    keyId: who.keyId,
    idempotencyKey,
    askHash,
    traceId,
    requestedModel: ask.model,
    ...answeringModel(planned),
    tags: ask.tags,
    endUserId: ask.endUserId,
    createdAt: at,
    finishedAt: undefined,
    status: 'RUNNING',
    outcome: undefined,
    promptUse: ask.promptUse,
    // It belongs to one trial: two would be compared by each other's arms.
    trial: ask.promptUse?.trial ?? planned.trial,
  };
}

/** What a completion says of the model that answers. */
export function answeringModel({
  model,
  price,
}: Answering): Pick<Completion, 'model' | 'provider' | 'priceId'> {
  return { model: model.name, provider: model.provider, priceId: price?.id };
}
