import { hash } from 'node:crypto';
import type { ISql } from 'postgres';
import type { Sql } from '../db/database.ts';

/** A place at which a chain is not what was once written. */
export interface Break {
  organisationId: string;
  /** Place in the chain. */
  seq: bigint;
  what: string;
}

/** A chain as far as it could be verified. */
export interface VerifiedChain {
  organisationId: string;
  events: number;
  /** The hash of its last event; empty for none. */
  head: string;
  /** The first one; what comes after it is not looked at. */
  broken: Break | undefined;
}

export interface Verification {
  chains: VerifiedChain[];
  /** Of the hashes that were asked for, those that no event has. */
  missing: string[];
}

const ROWS_AT_ONCE = 500;

/**
 * Works every hash out anew and compares the end of each chain with what is kept of it. All chains are read as they are
 * at one moment, so that what is appended meanwhile disturbs nothing.
 * @param options.organisationId all of them unless given.
 * @param options.known hashes noted earlier, of heads for instance: whoever rewrites a whole chain cannot keep them.
 */
export async function verifyAudit(
  sql: Sql,
  options: { organisationId?: string | undefined; known?: readonly string[] } = {},
): Promise<Verification> {
  return sql.begin('isolation level repeatable read read only', async (tx) => {
    const missing = new Set(options.known);
    const chains: VerifiedChain[] = [];
    for (const head of await listHeads(tx, options.organisationId))
      chains.push(await verifyChain(tx, head, (found) => missing.delete(found)));
    return { chains, missing: [...missing] };
  });
}

interface Head {
  organisation_id: string;
  /** Undefined where there are events and no end is kept. */
  seq: bigint | null;
  hash: string | null;
}

async function listHeads(tx: ISql, organisationId: string | undefined): Promise<Head[]> {
  const only = organisationId === undefined ? tx`` : tx`WHERE organisation_id = ${organisationId}`;
  return tx<Head[]>`
    SELECT organisation_id, h.seq, h.hash
    FROM audit_heads h FULL JOIN (SELECT DISTINCT organisation_id FROM audit_events) AS e USING (organisation_id)
    ${only} ORDER BY organisation_id`;
}

interface Link {
  id: bigint;
  seq: bigint;
  previous_hash: string;
  hash: string;
  content: string;
}

async function verifyChain(tx: ISql, head: Head, onHash: (hash: string) => void): Promise<VerifiedChain> {
  const { organisation_id: organisationId } = head;
  let events = 0;
  let end = { seq: 0n, hash: '' };
  // What is hashed stands in the migration `audit-chain` in the same words.
  const links = tx<Link[]>`
    SELECT e.id, e.seq, e.previous_hash, e.hash, jsonb_build_array(
      e.id, e.organisation_id, e.seq, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.actor_key_id,
      e.action, e.target_id, e.before::text, e.after::text, e.request_id, e.ip, e.previous_hash
    )::text AS content
    FROM audit_events e WHERE e.organisation_id = ${organisationId} ORDER BY e.seq, e.id`;
  for await (const rows of links.cursor(ROWS_AT_ONCE)) {
    for (const link of rows) {
      const what = findFault(link, end);
      if (what)
        return { organisationId, events, head: end.hash, broken: { organisationId, seq: link.seq, what } };
      end = link;
      events += 1;
      onHash(link.hash);
    }
  }
  return { organisationId, events, head: end.hash, broken: compareEnds(head, end) };
}

function findFault(link: Link, before: { seq: bigint; hash: string }): string | undefined {
  const name = `event ${link.seq} (aud_${link.id})`;
  if (link.seq > before.seq + 1n) return `event ${before.seq + 1n} is gone: ${name} comes next`;
  if (link.seq <= before.seq) return `${name} stands where another one does`;
  if (hash('sha256', link.content) !== link.hash)
    return `${name} was changed: its hash is not that of its content`;
  if (link.previous_hash !== before.hash) return `${name} does not follow the event before it`;
  return undefined;
}

function compareEnds(head: Head, end: { seq: bigint; hash: string }): Break | undefined {
  const { organisation_id: organisationId, seq, hash: kept } = head;
  const told = (what: string): Break => ({ organisationId, seq: end.seq, what });
  if (seq === null) return told('the end of the chain is not kept any more');
  if (seq > end.seq) return told(`event ${end.seq + 1n} is gone: the chain had ${seq}`);
  if (seq < end.seq || kept !== end.hash) return told(`event ${end.seq} was not appended by the gateway`);
  return undefined;
}
