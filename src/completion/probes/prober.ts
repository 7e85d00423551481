import type { Ask } from '../../domain/ask.ts';
import type { Completion } from '../../domain/completion.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { Principal } from '../../domain/principal.ts';
import { toRule } from '../../domain/regions.ts';
import type { Clock } from '../../lib/clock.ts';
import type { RouteBook } from '../../routing/book.ts';
import type { Health } from '../../routing/health.ts';
import type { AttemptTimeouts } from '../attempt.ts';
import { inBackground, type BackgroundRuns } from '../background.ts';
import { toCallEnd } from '../measured-turn.ts';
import type { claimProbe, endClaim } from './claims.ts';
import { listProbeWishes, type ProbeWish } from './wishes.ts';

/** A model that says nothing for so long would not do for a caller either. */
const PROBE_WITHIN_MS = 30_000;
/** Until an instance is taken for dead that has claimed a probe: longer than one can take. */
const CLAIM_MS = 120_000;
/** What another instance is at is looked at again. */
const TAKEN_MS = 5_000;
/** What fails is soon asked again, but not by each instance. */
const FAILED_FRESH_MS = 500;
const RUNNING_MAX = 20;
/** Fewer are more than one of the large vendors takes for a whole answer. */
const OUTPUT_TOKENS = 16;

/** Asks models that nobody has called for a while, so that no caller is the one who finds out. */
export interface Prober {
  /** Begins the probes that are due now. Does not wait for them. */
  look(): void;
  /** Waits for those that are under way, which whoever runs them has stopped. */
  close(): Promise<void>;
}

export interface ProberDeps {
  book: Pick<RouteBook, 'listProbed' | 'find'>;
  findModel(name: string): unknown;
  /** What is called for the name of a model now. */
  nameNow(organisationId: string, model: string): string;
  health: Pick<Health, 'listProbesDue' | 'leaveTrialsToProbes' | 'isFailing'>;
  start: BackgroundRuns['start'];
  /** The usual ones. */
  timeouts: AttemptTimeouts;
  claims: {
    take(
      ...asked: Parameters<typeof claimProbe> extends [unknown, ...infer Rest] ? Rest : never
    ): ReturnType<typeof claimProbe>;
    end(...asked: Parameters<typeof endClaim> extends [unknown, ...infer Rest] ? Rest : never): Promise<void>;
  };
  clock: Pick<Clock, 'monotonicMs'>;
  onError(error: unknown): void;
}

export function createProber(deps: ProberDeps): Prober {
  const { book, health, claims, clock } = deps;
  const running = new Map<string, Promise<void>>();
  /** Where nothing could be learned: until when it is not tried again. */
  const putOff = new Map<string, number>();
  const turns = new Map<string, number>();

  /** Of several organisations each pays in its turn. */
  function payerOf({ model, organisationIds }: ProbeWish): string {
    const turn = turns.get(model) ?? 0;
    turns.set(model, turn + 1);
    return organisationIds[turn % organisationIds.length]!;
  }

  async function ask(wish: ProbeWish, organisationId: string, regions: readonly string[]): Promise<void> {
    let isKnown = false;
    try {
      const run = deps.start(proberOf(organisationId, regions), askFor(wish.model), {
        region: undefined,
        timeouts: shorten(deps.timeouts),
      });
      isKnown = saysSomething(await run.ended);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
    } finally {
      if (!isKnown) putOff.set(wish.model, clock.monotonicMs() + wish.everyMs);
      await claims.end(wish.model, isKnown);
    }
  }

  async function probe(wish: ProbeWish): Promise<void> {
    const { model, everyMs } = wish;
    const organisationId = payerOf(wish);
    const freshMs = health.isFailing(model) ? FAILED_FRESH_MS : everyMs;
    const regions = await claims.take({ model, organisationId }, { freshMs, claimMs: CLAIM_MS });
    if (regions) await ask(wish, organisationId, regions);
    else putOff.set(model, clock.monotonicMs() + TAKEN_MS);
  }

  function listDue(wishes: readonly ProbeWish[]): ProbeWish[] {
    return wishes.filter(({ model, everyMs }) => health.listProbesDue([model], everyMs).length > 0);
  }

  return {
    look() {
      const nowMs = clock.monotonicMs();
      const all = listProbeWishes(book.listProbed(), { findRoute: book.find, nameNow: deps.nameNow });
      forgetOthers([putOff, turns], all);
      const wishes = all.filter(
        ({ model }) => deps.findModel(model) !== undefined && (putOff.get(model) ?? 0) <= nowMs,
      );
      health.leaveTrialsToProbes(new Set(wishes.map(({ model }) => model)));
      for (const wish of listDue(wishes)) {
        if (running.size >= RUNNING_MAX) return;
        if (running.has(wish.model)) continue;
        const probing = probe(wish)
          .catch(deps.onError)
          .finally(() => running.delete(wish.model));
        running.set(wish.model, probing);
      }
    },
    async close() {
      health.leaveTrialsToProbes(new Set());
      await Promise.all(running.values());
    },
  };
}

function forgetOthers(maps: readonly Map<string, unknown>[], wishes: readonly ProbeWish[]): void {
  const wished = new Set(wishes.map(({ model }) => model));
  for (const map of maps) for (const model of map.keys()) if (!wished.has(model)) map.delete(model);
}

/** Whether anything was learned of the model. */
function saysSomething({ outcome }: Completion): boolean {
  const { kind } = toCallEnd(outcome);
  return kind === 'OK' || kind === 'FAILED';
}

function proberOf(organisationId: string, regions: readonly string[]): Principal {
  const nobody: Principal = {
    keyId: '',
    organisationId,
    teamId: '',
    scopes: new Set(),
    models: [],
    regions: toRule(regions),
    keyRegions: [],
    allowedFrom: undefined,
    expiresAt: undefined,
    endUserId: undefined,
    tags: [],
  };
  return inBackground(nobody, { origin: 'PROBE', shadowOf: undefined });
}

function askFor(model: string): Ask {
  return {
    model,
    messages: [{ role: 'USER', parts: [{ type: 'text', text: 'Reply with OK.' }] }],
    tools: [],
    outputSchema: undefined,
    params: { maxOutputTokens: OUTPUT_TOKENS },
    tags: [],
    endUserId: undefined,
    priority: 'BATCH',
  };
}

function shorten({ firstChunkMs, totalMs, ...rest }: AttemptTimeouts): AttemptTimeouts {
  return {
    ...rest,
    firstChunkMs: Math.min(firstChunkMs, PROBE_WITHIN_MS),
    totalMs: Math.min(totalMs, PROBE_WITHIN_MS),
  };
}
