import type { Model } from '../domain/model.ts';
import type { Arm } from './learned.ts';

/** What is known of models at the moment of a plan. Whoever calls the planner keeps it. */
export interface Signals {
  /** Calls of the model that are under way. */
  inFlight(model: string): number;
  /** Decaying peak of its times to the first token; undefined: nothing is known. */
  latencyMs(model: string): number | undefined;
  /** Share of its last calls that failed, from 0 to 1. */
  errorRate(model: string): number;
  /** How long it must not be called; 0: it may be now. */
  restingMs(model: string): number;
  /** Nano-USD that a request of this size comes to, with the cache hits that are usual; undefined: no price is known. */
  costNanos(model: Model, tokens: { input: number; output: number }): number | undefined;
  /** What a LEARNED route has learned of one of its targets; undefined: nothing. */
  arm(route: string, target: string): Arm | undefined;
  /** A number that is one higher each time, for each route. */
  takeTurn(route: string): number;
}
