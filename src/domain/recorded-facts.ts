import type { Capability } from './model.ts';

/**
 * What is kept of a request so that a draft of a route can be tried on it later: numbers, and none of its words. The names
 * are short since each completion has one; what goes without saying is left out.
 */
export interface RecordedFacts {
  /** Tokens of the prompt, estimated. */
  t: number;
  /** Complexity, from 0 to 1. */
  c: number;
  /** A hash that all requests of a conversation share. */
  s: number;
  /** What a model has to be able to do beside text. */
  n?: Capability[];
  /** The most output tokens that were asked for. */
  m?: number;
  /** Where the caller was. */
  r?: string;
}
