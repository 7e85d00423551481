import { LRUCache } from 'lru-cache';
import type { Sql } from '../db/database.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { Logger } from '../lib/logger.ts';
import { appendAudits, type AuditRecord } from './audit.ts';

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
  /** Nobody knows who asked: there is no organisation whose audit could tell it, so the log does. */
  notKnown(by: Origin): void;
  /** Writes what waits. What cannot be written now waits on. */
  flush(): Promise<void>;
  /** Writes all, also what would only be told when the hour is over. */
  close(): Promise<void>;
}

interface Waiting {
  record: AuditRecord;
  count: number;
  /** When it is written; undefined: with the next flush. */
  dueMs: number | undefined;
}

export function createAccessLog(sql: Sql, logger: Logger): AccessLog {
  const waiting = new Map<string, Waiting>();
  const strangers = new Map<string, number>();
  const cameIn = new LRUCache<string, true>({ max: MAX_ACTORS, ttl: HOUR_MS });
  const told = new LRUCache<string, { count: number; endsMs: number }>({ max: MAX_ACTORS, ttl: HOUR_MS });
  let dropped = 0;

  function add(record: AuditRecord, dueMs?: number): void {
    const name = JSON.stringify([record.organisationId, record.actorId, record.action, record.targetId]);
    const same = waiting.get(name);
    if (same) same.count += 1;
    else if (waiting.size < MAX_WAITING) waiting.set(name, { record, count: 1, dueMs });
    else dropped += 1;
  }

  /** How many of this actor were told in its hour, with this one. */
  function countOf({ organisationId, keyId }: Principal): { count: number; endsMs: number } {
    const name = `${organisationId} ${keyId}`;
    const known = told.get(name) ?? { count: 0, endsMs: Date.now() + HOUR_MS };
    if (known.count === 0) told.set(name, known);
    known.count += 1;
    return known;
  }

  async function write(isDue: (one: Waiting) => boolean): Promise<void> {
    tellLog();
    const due = [...waiting].filter(([, one]) => isDue(one));
    for (const [name] of due) waiting.delete(name);
    const byChain = Map.groupBy(due, ([, { record }]) => record.organisationId);
    for (const ofOne of byChain.values()) {
      try {
        await appendAudits(
          sql,
          ofOne.map(([, one]) => toRecord(one)),
        );
      } catch (err) {
        logger.warn({ err }, 'who came and who was refused cannot be written; it waits');
        for (const [name, one] of ofOne) keep(name, one);
      }
    }
  }

  function keep(name: string, one: Waiting): void {
    const since = waiting.get(name);
    if (since) since.count += one.count;
    else if (waiting.size < MAX_WAITING) waiting.set(name, one);
    else dropped += one.count;
  }

  function tellLog(): void {
    if (dropped > 0) logger.warn({ dropped }, 'logins and refusals came faster than they could be written');
    dropped = 0;
    for (const [ip, count] of strangers) logger.info({ ip, count }, 'a credential was refused');
    strangers.clear();
  }

  return {
    cameIn(who, by) {
      const name = `${who.organisationId} ${who.keyId}`;
      if (cameIn.has(name)) return;
      cameIn.set(name, true);
      add(recordOf(who, { action: 'access.login', targetId: who.keyId }, by));
    },
    refused(who, { target, reason }, by) {
      const { count, endsMs } = countOf(who);
      if (count <= TOLD_IN_AN_HOUR) {
        const after = { reason: reason.slice(0, REASON_MAX) };
        add(recordOf(who, { action: 'access.refused', targetId: target, after }, by));
      } else add(recordOf(who, { action: 'access.refused', targetId: who.keyId }, by), endsMs);
    },
    notKnown({ ip = 'unknown' }) {
      if (strangers.has(ip) || strangers.size < MAX_WAITING) strangers.set(ip, (strangers.get(ip) ?? 0) + 1);
      else dropped += 1;
    },
    flush: () => write(({ dueMs = 0 }) => dueMs <= Date.now()),
    close: () => write(() => true),
  };
}

function recordOf(
  { organisationId, keyId: actorId }: Principal,
  what: Pick<AuditRecord, 'action' | 'targetId' | 'after'>,
  { requestId, ip }: Origin,
): AuditRecord {
  return { organisationId, actorId, ...what, requestId, ip };
}

/** The count is of equal ones; request, address and reason are those of the first. */
function toRecord({ record, count }: Waiting): AuditRecord {
  return record.action === 'access.login' ? record : { ...record, after: { ...record.after, count } };
}
