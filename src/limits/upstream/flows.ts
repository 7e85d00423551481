/** Something that waits. */
export interface Queued {
  /** Whose it is: each one has as much of the service as every other. */
  flow: string;
  /** How much of the service it takes, in any unit. */
  cost: number;
}

interface Flow<T> {
  /** Virtual time at which the service of its next item begins. */
  start: number;
  items: T[];
}

/** What waits, taken out so that everybody who waits is served alike. */
export interface Flows<T extends Queued> {
  size(): number;
  add(item: T): void;
  take(): T | undefined;
  remove(item: T): void;
  /** Takes out the newest item of the longest flow: of this one, unless another is longer. */
  dropLongest(own: string): T | undefined;
}

/**
 * Start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996): served is who has had least, in virtual time, which goes on
 * with what is served. Whoever comes new begins at the present time, so having been away saves nothing up. An item gets its
 * place only when it is next of its flow; one that is taken back costs its flow nothing.
 */
export function createFlows<T extends Queued>(): Flows<T> {
  const flows = new Map<string, Flow<T>>();
  let now = 0;
  let size = 0;

  /** Also forgets who has nothing waiting and no lead over the others. */
  function findNext(): Flow<T> | undefined {
    let next: Flow<T> | undefined;
    for (const [key, flow] of flows) {
      if (flow.items.length === 0) {
        if (flow.start <= now) flows.delete(key);
      } else if (!next || flow.start < next.start) next = flow;
    }
    return next;
  }
  function shrink(): void {
    size -= 1;
    if (size === 0) flows.clear();
  }
  return {
    size: () => size,
    add(item) {
      const flow = flows.get(item.flow) ?? { start: now, items: [] };
      if (flow.items.length === 0) flow.start = Math.max(flow.start, now);
      flow.items.push(item);
      flows.set(item.flow, flow);
      size += 1;
    },
    take() {
      const flow = findNext();
      const item = flow?.items.shift();
      if (!flow || !item) return undefined;
      now = flow.start;
      flow.start += item.cost;
      shrink();
      return item;
    },
    remove(item) {
      const items = flows.get(item.flow)?.items;
      const at = items?.indexOf(item) ?? -1;
      if (at < 0) return;
      items?.splice(at, 1);
      shrink();
    },
    dropLongest(own) {
      let longest = flows.get(own);
      for (const flow of flows.values()) if (flow.items.length > (longest?.items.length ?? 0)) longest = flow;
      const item = longest?.items.pop();
      if (item) shrink();
      return item;
    },
  };
}
