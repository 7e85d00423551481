import type { AuditRecord } from './audit.ts';

/** A record that waits to be written, and how often it happened. */
export interface Counted {
  record: AuditRecord;
  count: number;
  /** When it is to be written. */
  dueMs: number;
}

/** Records that wait. Those of one actor about the same are one, which keeps what the first of them says. */
export interface CountedQueue {
  /** Beyond the room that there is, it is dropped and counted. */
  add(counted: Counted): void;
  /** Takes out what is due. */
  take(nowMs: number): Counted[];
  /** How many were dropped since this was asked last. */
  takeDropped(): number;
}

export function createCountedQueue(max: number): CountedQueue {
  const waiting = new Map<string, Counted>();
  let dropped = 0;
  return {
    add(counted) {
      const { organisationId, actorId, action, targetId } = counted.record;
      const name = JSON.stringify([organisationId, actorId, action, targetId]);
      const same = waiting.get(name);
      if (same) same.count += counted.count;
      else if (waiting.size < max) waiting.set(name, { ...counted });
      else dropped += counted.count;
    },
    take(nowMs) {
      const due = [...waiting].filter(([, { dueMs }]) => dueMs <= nowMs);
      for (const [name] of due) waiting.delete(name);
      return due.map(([, counted]) => counted);
    },
    takeDropped() {
      const before = dropped;
      dropped = 0;
      return before;
    },
  };
}
