import { LRUCache } from 'lru-cache';
import type { Usage } from '../domain/completion.ts';
import type { Model } from '../domain/model.ts';
import { atMost } from '../lib/at-most.ts';
import type { Clock } from '../lib/clock.ts';
import { likelyUsage, NO_HABIT, observeUsage, type Habit } from './habits.ts';
import { createHealth, type Health } from './health.ts';
import type { Arms } from './arms.ts';
import {
  learn,
  learnFeedback,
  NOTHING_LEARNED,
  viewArm,
  type Arm,
  type ArmView,
  type Observation,
} from './learned.ts';
import type { Candidate } from './plan.ts';
import type { Signals } from './signals.ts';

/** Where an answer came from: enough of a candidate to learn from it, also long after. */
type Way = Pick<Candidate, 'model' | 'path'>;

/** Everything that is measured for planning. What routes have learned is kept for good, the rest in the memory of this instance. */
export interface Measures {
  health: Health;
  /**
   * What the planner is told for one organisation.
   * @param costOf nano-USD of a use at the price that holds for it now; undefined where no price is known.
   */
  signalsFor(organisationId: string, costOf: (model: Model, usage: Usage) => bigint | undefined): Signals;
  /** One call is over. Every route on its way learns from it, whatever its strategy is now. */
  observe(organisationId: string, way: Way, observation: Observation & { usage: Usage | undefined }): void;
  /** A score from 0 to 1 for an answer. */
  observeFeedback(organisationId: string, way: Way, score: number): void;
  /** What a route has learned, of each of these targets. */
  viewArms(organisationId: string, route: string, targets: readonly string[]): ArmView[];
}

const KEPT = 50_000;

export function createMeasures(
  clock: Pick<Clock, 'monotonicMs'>,
  arms: Pick<Arms, 'find' | 'change'>,
): Measures {
  const health = createHealth(clock);
  const habits = new LRUCache<string, Habit>(atMost(KEPT));
  const turns = new LRUCache<string, number>(atMost(KEPT));
  const keyOf = (...names: string[]) => names.join('\n');

  function takeTurn(key: string): number {
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    return turn;
  }
  function changeArms(organisationId: string, way: Way, change: (arm: Arm) => Arm): void {
    for (const [place, route] of way.path.entries()) {
      arms.change({ organisationId, route, target: way.path[place + 1] ?? way.model }, change);
    }
  }
  return {
    health,
    signalsFor: (organisationId, costOf) => ({
      inFlight: health.inFlight,
      latencyMs: health.latencyMs,
      errorRate: health.errorRate,
      restingMs: health.restingMs,
      costNanos(model, tokens) {
        const cost = costOf(
          model,
          likelyUsage(habits.get(keyOf(organisationId, model.name)) ?? NO_HABIT, tokens),
        );
        return cost === undefined ? undefined : Number(cost);
      },
      arm: (route, target) => arms.find({ organisationId, route, target }),
      takeTurn: (route) => takeTurn(keyOf(organisationId, route)),
    }),
    observe(organisationId, way, { usage, ...observation }) {
      const key = keyOf(organisationId, way.model);
      if (usage) habits.set(key, observeUsage(habits.get(key) ?? NO_HABIT, usage));
      changeArms(organisationId, way, (arm) => learn(arm, observation));
    },
    observeFeedback(organisationId, way, score) {
      changeArms(organisationId, way, (arm) => learnFeedback(arm, score));
    },
    viewArms: (organisationId, route, targets) =>
      targets.map((target) =>
        viewArm(target, arms.find({ organisationId, route, target }) ?? NOTHING_LEARNED),
      ),
  };
}
