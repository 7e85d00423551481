/** What becomes of one request. */
export interface End {
  kind: 'ANSWERED' | 'FAILED' | 'REFUSED';
  /** The last one that was asked; undefined: none. */
  model: string | undefined;
  /** Nano-USD; undefined: some model has no known price. */
  costNanos: bigint | undefined;
  /** Undefined: nobody knows. */
  latencyMs: number | undefined;
  /** Whether its latency says something: not where the caller left, or nothing came. */
  isTimed: boolean;
}

export interface ModelShare {
  model: string;
  requests: number;
  /** From 0 to 1, of those that a model was asked for. */
  share: number;
  costNanos: bigint;
}

/** What becomes of all requests, one way. */
export interface SimulatedSide {
  requests: number;
  /** Of those with known prices. */
  costNanos: bigint;
  /** Requests whose cost is not known. */
  unpriced: number;
  /** Of requests that were answered, as far as it is known; undefined: of none. */
  latencyP50Ms: number | undefined;
  latencyP95Ms: number | undefined;
  /** Requests that were answered, nobody knows how fast. */
  untimed: number;
  failures: number;
  refusals: number;
  /** Most requests first. */
  shares: ModelShare[];
}

/** Adds up one side. */
export interface Tally {
  add(end: End): void;
  side(): SimulatedSide;
}

export function createTally(): Tally {
  const counts = { ANSWERED: 0, FAILED: 0, REFUSED: 0 };
  const byModel = new Map<string, { requests: number; costNanos: bigint }>();
  const latencies: number[] = [];
  let costNanos = 0n;
  let unpriced = 0;
  let untimed = 0;
  return {
    add({ kind, model, isTimed, latencyMs, ...end }) {
      counts[kind] += 1;
      costNanos += end.costNanos ?? 0n;
      if (end.costNanos === undefined) unpriced += 1;
      if (isTimed && latencyMs !== undefined) latencies.push(latencyMs);
      else if (isTimed) untimed += 1;
      if (model === undefined) return;
      const before = byModel.get(model) ?? { requests: 0, costNanos: 0n };
      byModel.set(model, {
        requests: before.requests + 1,
        costNanos: before.costNanos + (end.costNanos ?? 0n),
      });
    },
    side() {
      const sorted = latencies.toSorted((a, b) => a - b);
      const asked = counts.ANSWERED + counts.FAILED;
      const shares = [...byModel].map(([model, of]) => ({ model, ...of, share: of.requests / asked }));
      return {
        requests: asked + counts.REFUSED,
        costNanos,
        unpriced,
        latencyP50Ms: sorted[Math.floor(sorted.length * 0.5)],
        latencyP95Ms: sorted[Math.floor(sorted.length * 0.95)],
        untimed,
        failures: counts.FAILED,
        refusals: counts.REFUSED,
        shares: shares.toSorted((a, b) => b.requests - a.requests || (a.model < b.model ? -1 : 1)),
      };
    },
  };
}
