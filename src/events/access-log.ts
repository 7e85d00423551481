import { LRUCache } from 'lru-cache';
import type { Sql } from '../db/database.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { atMost } from '../lib/at-most.ts';
import type { Logger } from '../lib/logger.ts';
import { appendAudits, type AuditRecord } from './audit.ts';
import { createCountedQueue, type Counted } from './counted-queue.ts';

/** What may wait to be written; what comes beyond it is counted and told in the log. */
const MAX_WAITING = 1_000;
const MAX_ACTORS = 50_000;
const HOUR_MS = 3_600_000;
/** Refusals of one actor in an hour that are told by themselves; the others are told as one, when the hour is over. */
const TOLD_IN_AN_HOUR = 60;
const REASON_MAX = 300;

/**
 * Tells the audit who came and who was refused, off the way of every request: nothing here waits, fails or grows without
 * bound, whatever callers do. Equal events between two flushes are one, with a count.
 */
export interface AccessLog {
  /** Somebody asks with a credential that holds. Told at the first time in an hour. */
  cameIn(who: Principal, by: Origin): void;
  /** @param target what it was about, such as `Mutation.keyCreate`. */
  refused(who: Principal, refusal: { target: string; reason: string }, by: Origin): void;
  /** Somebody did what is in no transaction of its own. @param target id of what it was done to. */
  did(who: Principal, act: { action: string; target: string }, by: Origin): void;
  /** Nobody knows who asked: there is no organisation whose audit could tell it, so the log does. */
  notKnown(by: Origin): void;
  /** Writes what waits. What cannot be written now waits on. */
  flush(): Promise<void>;
  /** Writes all, also what would only be told when the hour is over. */
  close(): Promise<void>;
}

export function createAccessLog(sql: Sql, logger: Logger): AccessLog {
  const queue = createCountedQueue(MAX_WAITING);
  const strangers = new Map<string, number>();
  const cameIn = new LRUCache<string, true>({ ...atMost(MAX_ACTORS), ttl: HOUR_MS });
  const countRefusal = createHourlyCount();
  let strangersDropped = 0;

  async function write(nowMs: number): Promise<void> {
    tellLog();
    const byChain = Map.groupBy(queue.take(nowMs), ({ record }) => record.organisationId);
    for (const ofOne of byChain.values()) {
      try {
        await appendAudits(sql, ofOne.map(toRecord));
      } catch (err) {
        logger.warn({ err }, 'who came and who was refused cannot be written; it waits');
        ofOne.forEach(queue.add);
      }
    }
  }

  function tellLog(): void {
    const dropped = queue.takeDropped() + strangersDropped;
    if (dropped > 0) logger.warn({ dropped }, 'logins and refusals came faster than they could be written');
    for (const [ip, count] of strangers) logger.info({ ip, count }, 'a credential was refused');
    strangers.clear();
    strangersDropped = 0;
  }

  return {
    cameIn(who, by) {
      const name = nameOf(who);
      if (cameIn.has(name)) return;
      cameIn.set(name, true);
      queue.add({
        record: recordOf(who, { action: 'access.login', targetId: who.keyId }, by),
        count: 1,
        dueMs: 0,
      });
    },
    refused(who, { target, reason }, by) {
      const { count, endsMs } = countRefusal(who);
      const isTold = count <= TOLD_IN_AN_HOUR;
      const what = isTold
        ? { targetId: target, after: { reason: reason.slice(0, REASON_MAX) } }
        : { targetId: who.keyId };
      const record = recordOf(who, { action: 'access.refused', ...what }, by);
      queue.add({ record, count: 1, dueMs: isTold ? 0 : endsMs });
    },
    did(who, { action, target: targetId }, by) {
      queue.add({ record: recordOf(who, { action, targetId }, by), count: 1, dueMs: 0 });
    },
    notKnown({ ip = 'unknown' }) {
      const count = strangers.get(ip) ?? 0;
      if (count > 0 || strangers.size < MAX_WAITING) strangers.set(ip, count + 1);
      else strangersDropped += 1;
    },
    flush: () => write(Date.now()),
    close: () => write(Infinity),
  };
}

/** How many there were of somebody in the hour that began with the first, and when it ends. */
function createHourlyCount(): (who: Principal) => { count: number; endsMs: number } {
  const hours = new LRUCache<string, { count: number; endsMs: number }>({
    ...atMost(MAX_ACTORS),
    ttl: HOUR_MS,
  });
  return (who) => {
    const name = nameOf(who);
    const hour = hours.get(name) ?? { count: 0, endsMs: Date.now() + HOUR_MS };
    hour.count += 1;
    if (hour.count === 1) hours.set(name, hour);
    return hour;
  };
}

function nameOf({ organisationId, keyId }: Principal): string {
  return `${organisationId} ${keyId}`;
}

function recordOf(
  { organisationId, keyId: actorId }: Principal,
  what: Pick<AuditRecord, 'action' | 'targetId' | 'after'>,
  { requestId, ip }: Origin,
): AuditRecord {
  return { organisationId, actorId, ...what, requestId, ip };
}

/** The count is of equal ones; request, address and reason are those of the first. */
function toRecord({ record, count }: Counted): AuditRecord {
  return record.action === 'access.login' ? record : { ...record, after: { ...record.after, count } };
}
