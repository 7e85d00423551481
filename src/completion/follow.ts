import type { Completion, CompletionEvent } from '../domain/completion.ts';
import { NotFound } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { Relay } from '../events/relay.ts';
import { sleep } from '../lib/abort.ts';
import { terminalEvent } from './closing.ts';

/** How long to trust in being told that another process has settled a completion. */
const LOOK_AGAIN_MS = 1_000;

/** What following needs. */
export interface FollowDeps {
  reread(who: Principal, id: string): Promise<Completion>;
  relay: Pick<Relay, 'listen'>;
}

/**
 * The stream of a completion whose events this process does not have: it runs elsewhere, or is over. Its text comes
 * in one piece once it is settled.
 * @throws NotFound when `who` may not see it.
 */
export async function* follow(
  deps: FollowDeps,
  who: Principal,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent> {
  yield { type: 'started', completion: await deps.reread(who, id) };
  const settled = await waitUntilSettled(deps, who, id, signal);
  for (const part of settled.outcome?.parts ?? []) yield part;
  for (const { id: callId, name, arguments: input } of settled.outcome?.toolCalls ?? []) {
    yield { type: 'tool-delta', id: callId, name, delta: JSON.stringify(input) };
  }
  yield terminalEvent(settled);
}

/** The completion once it is settled, by whichever process. */
export async function waitUntilSettled(
  deps: FollowDeps,
  who: Principal,
  id: string,
  signal: AbortSignal,
): Promise<Completion> {
  for (;;) {
    const news = new AbortController();
    const stopListening = deps.relay.listen((event) => {
      if (event.kind === 'COMPLETION_SETTLED' && event.subjectId === id) news.abort();
    });
    try {
      const completion = await deps.reread(who, id);
      if (completion.status !== 'RUNNING') return completion;
      await sleep(LOOK_AGAIN_MS, AbortSignal.any([signal, news.signal])).catch(() => signal.throwIfAborted());
    } finally {
      stopListening();
    }
  }
}

/** The one row behind an id, or NotFound: for `reread`. */
export function ensureFound(found: Completion[], id: string): Completion {
  const [completion] = found;
  if (!completion) throw new NotFound('completion', id);
  return completion;
}
