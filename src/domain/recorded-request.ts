import type { Attempt, CompletionStatus, Tag, Usage } from './completion.ts';
import type { RecordedFacts } from './recorded-facts.ts';

/** A request that is over, as far as its record tells. */
export interface RecordedRequest {
  /** When it came. */
  at: Date;
  teamId: string;
  tags: Tag[];
  endUserId: string | undefined;
  facts: RecordedFacts;
  /** By the rules of today; undefined: anywhere. */
  allowedRegions: readonly string[] | undefined;
  status: Exclude<CompletionStatus, 'RUNNING'>;
  /** At least one. */
  attempts: readonly RecordedAttempt[];
}

export type RecordedAttempt = Pick<
  Attempt,
  'model' | 'status' | 'errorType' | 'latencyMs' | 'firstTokenMs' | 'usage' | 'costNanos'
>;

/** What was seen of a model in some time. */
export interface MeasuredModel {
  /** Share of its calls that failed, from 0 to 1. */
  errorRate: number;
  /** How long answers took that it gave, as quantiles from the shortest on; empty: it gave none. */
  totalMs: readonly number[];
  /** As many, or none. */
  firstTokenMs: readonly number[];
  /** Of a usual call; undefined: no vendor told any. */
  usage: Pick<Usage, 'input' | 'cacheRead' | 'cacheWrite'> | undefined;
}
