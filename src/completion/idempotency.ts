import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AskDraft } from '../domain/ask.ts';
import type { Completion, CompletionEvent } from '../domain/completion.ts';
import { IdempotencyKeyUsed } from '../domain/errors.ts';
import { complete, type Deps, type Request } from './complete.ts';
import { follow, type FollowDeps } from './follow.ts';

export interface IdempotencyDeps extends Deps, FollowDeps {
  findByIdempotencyKey(keyId: string, key: string): Promise<Completion | undefined>;
}

/** The same for the same ask, however its JSON was written, and whatever version its label stands for by now. */
export function hashAsk(ask: AskDraft): string {
  return hash('sha256', canonicalize(withoutPin(ask)) ?? '');
}

function withoutPin(ask: AskDraft): AskDraft {
  if (!('promptRef' in ask) || !ask.promptRef.isPinned) return ask;
  const { slug, label, variables } = ask.promptRef;
  return { ...ask, promptRef: { slug, label, version: undefined, variables } };
}

/**
 * As `complete`, unless the idempotency key stands for a completion already: then that one is told again.
 * @throws IdempotencyKeyUsed when that was for another ask.
 */
export async function* completeOnce(
  deps: IdempotencyDeps,
  request: Request & { idempotencyKey: string },
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent> {
  const { who, idempotencyKey, askHash } = request;
  let earlier = await deps.findByIdempotencyKey(who.keyId, idempotencyKey);
  if (!earlier) {
    try {
      yield* complete(deps, request, signal);
      return;
    } catch (error) {
      if (!(error instanceof IdempotencyKeyUsed)) throw error;
      // Two instances got the same key at the same moment; the database let one of them through.
      earlier = await deps.findByIdempotencyKey(who.keyId, idempotencyKey);
    }
  }
  if (earlier?.askHash !== askHash) throw new IdempotencyKeyUsed();
  yield* follow(deps, who, earlier.id, signal);
}
