import type { RouteStrategy } from '../domain/route.ts';
import { rankByComplexity } from './strategies/by-complexity.ts';
import { rankByLearning } from './strategies/learned.ts';
import { rankByLoad } from './strategies/least-busy.ts';
import { rankByCost } from './strategies/lowest-cost.ts';
import { rankByLatency } from './strategies/lowest-latency.ts';
import { rankByPriority } from './strategies/priority.ts';
import { rankInTurn } from './strategies/round-robin.ts';
import { rankByHash } from './strategies/sticky.ts';
import { rankByWeight } from './strategies/weighted.ts';
import type { Strategy } from './strategy.ts';

export const STRATEGIES: Record<RouteStrategy, Strategy> = {
  PRIORITY: rankByPriority,
  WEIGHTED: rankByWeight,
  ROUND_ROBIN: rankInTurn,
  LEAST_BUSY: rankByLoad,
  LOWEST_COST: rankByCost,
  LOWEST_LATENCY: rankByLatency,
  STICKY: rankByHash,
  BY_COMPLEXITY: rankByComplexity,
  LEARNED: rankByLearning,
};
