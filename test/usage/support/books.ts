import { sql } from 'drizzle-orm';
import type { Database } from '../../../src/db/database.ts';
import { toJsonParameter } from '../../../src/db/json.ts';
import { newId } from '../../../src/lib/ids.ts';
import { foldUsage } from '../../../src/usage/fold.ts';

export const ORGANISATION = 'org_of_the_usage_tests';

/** An attempt that others followed. */
export type EarlierFact = Pick<Fact, 'provider' | 'model' | 'nanos' | 'inputTokens' | 'outputTokens'>;

/** A completion that ended, an attempt of it that was not its last, or a correction, as the journal knows it. */
export interface Fact {
  kind: 'SETTLE' | 'ATTEMPT' | 'ADJUST' | 'CREDIT';
  at: Date;
  organisationId: string;
  teamId: string;
  keyId: string | null;
  provider: string;
  model: string;
  status: string;
  tags: { key: string; value: string }[];
  endUserId: string | null;
  /** Of a completion without a known price it is null. */
  nanos: bigint | null;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  firstTokenMs: number | null;
  totalMs: number;
  /** The completion that a correction names. */
  completionId: string | null;
  /** Attempts that this one followed. */
  earlier: EarlierFact[];
}

/** The facts that a completion is made of: one for each attempt. */
export function attemptsOf(fact: Fact): Fact[] {
  return [fact, ...fact.earlier.map((each): Fact => ({ ...fact, ...each, kind: 'ATTEMPT', earlier: [] }))];
}

export function factOf(changes: Partial<Fact> = {}): Fact {
  return {
    kind: 'SETTLE',
    at: new Date(),
    organisationId: ORGANISATION,
    teamId: 'team_1',
    keyId: 'key_1',
    provider: 'vendor',
    model: 'vendor/model',
    status: 'SUCCEEDED',
    tags: [],
    endUserId: null,
    nanos: 1_000n,
    inputTokens: 10,
    outputTokens: 5,
    cacheReadTokens: 0,
    firstTokenMs: 20,
    totalMs: 100,
    completionId: null,
    earlier: [],
    ...changes,
  };
}

/**
 * Writes what the ledger writes when it settles or corrects, in one transaction, but at any time: only so can a test
 * have a history in all seasons.
 * @returns the ids of the completions, or of the entries of corrections.
 */
export async function book({ db }: Database, list: Fact[]): Promise<string[]> {
  const rows = list.map((fact) => ({
    ...fact,
    id: newId('cmpl'),
    nanos: fact.nanos?.toString() ?? null,
    attempt: fact.earlier.length,
    earlier: fact.earlier.length === 0 ? undefined : fact.earlier.map(toStored),
  }));
  const booked = await db.execute<{ id: string; subject: string }>(sql`
    with input as (
      select * from jsonb_to_recordset(${toJsonParameter(rows)}::text::jsonb) as x(id text, kind text, at timestamptz,
        "organisationId" text, "teamId" text, "keyId" text, provider text, model text, status text, tags jsonb,
        "endUserId" text, nanos bigint, "inputTokens" bigint, "outputTokens" bigint, "cacheReadTokens" bigint,
        "firstTokenMs" int, "totalMs" int, "completionId" text, attempt int, earlier jsonb)
    ),
    closed as (
      insert into completions (id, organisation_id, team_id, key_id, ask_hash, requested_model, provider, model, tags,
        end_user_id, trace_id, status, created_at, finished_at, hold_state, hold_expires_at, instance_id,
        estimated_input_tokens, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
        cost_nanos, total_ms, first_token_ms, attempt, earlier)
      select id, "organisationId", "teamId", "keyId", '', model, provider, model, tags, "endUserId", '', status, at, at,
        'POSTED', at, '', 0, "inputTokens", "outputTokens", "cacheReadTokens", 0, 0, nanos, "totalMs", "firstTokenMs",
        attempt, earlier
      from input where kind = 'SETTLE' returning id
    ),
    first_entries as (
      insert into ledger_entries (organisation_id, team_id, key_id, completion_id, attempt, kind, amount_nanos, created_at,
        debit_account, debit_before, debit_after, debit_version,
        credit_account, credit_before, credit_after, credit_version)
      select "organisationId", "teamId", "keyId", input.id, e.index, kind, e."costNanos", at, '', 0, 0, 0, '', 0, 0, 0
      from input cross join lateral jsonb_to_recordset(earlier) as e(index int, "costNanos" bigint)
    ),
    entries as (
      insert into ledger_entries (organisation_id, team_id, key_id, completion_id, attempt, kind, amount_nanos, created_at, note,
        debit_account, debit_before, debit_after, debit_version,
        credit_account, credit_before, credit_after, credit_version)
      select "organisationId", "teamId", "keyId", case when kind = 'SETTLE' then id else "completionId" end, attempt, kind, nanos,
        at, id, '', 0, 0, 0, '', 0, 0, 0
      from input returning id, note, kind
    ),
    announced as (
      insert into outbox (organisation_id, kind, subject_id)
      select "organisationId", case when e.kind = 'SETTLE' then 'COMPLETION_SETTLED' else 'LEDGER_CORRECTED' end,
        case when e.kind = 'SETTLE' then note else e.id::text end
      from entries e join input on input.id = e.note
    )
    select note as id, case when kind = 'SETTLE' then note else id::text end as subject from entries`);
  const subjects = new Map(booked.map(({ id, subject }) => [id, subject]));
  return rows.map(({ id }) => subjects.get(id)!);
}

function toStored({ provider, model, nanos, inputTokens, outputTokens }: EarlierFact, index: number) {
  const usage = { input: inputTokens, output: outputTokens, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
  return { index, provider, model, usage, costNanos: nanos?.toString() ?? null, budgetHolds: [] };
}

/** What the journal says that was spent, in nano-USD. */
export async function readJournal({ db }: Database, organisationId = ORGANISATION): Promise<bigint> {
  const [row] = await db.execute<{ spent: string }>(sql`
    select coalesce(sum(case kind when 'CREDIT' then -amount_nanos else amount_nanos end), 0)::text as spent
    from ledger_entries where organisation_id = ${organisationId} and kind in ('SETTLE', 'ADJUST', 'CREDIT')`);
  return BigInt(row?.spent ?? 0);
}

/** Until the roll-ups hold all there is: on a shared server they wait for the transactions of others. */
export async function foldEverything({ db, sql: query }: Database): Promise<void> {
  for (let behind = true; behind;) {
    while (await foldUsage(db, 10_000));
    const [row] = await query<{ behind: boolean }[]>`
      SELECT EXISTS (
        SELECT FROM outbox o, usage_progress p WHERE (o.transaction, o.seq) > (p.transaction, p.seq)
      ) OR NOT EXISTS (SELECT FROM usage_progress WHERE backfilled_to IS NULL) AS behind`;
    behind = row!.behind;
    if (behind) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
