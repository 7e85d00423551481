import { sql, type SQL } from 'drizzle-orm';
import { bigint, integer, jsonb, snakeCase, text, timestamp } from 'drizzle-orm/pg-core';
import type { Tag } from '../domain/completion.ts';
import type { CompletionOrigin } from '../domain/completion-origin.ts';

/** The columns of `settledFacts`, for what is selected from it under the name `facts`. */
export const facts = snakeCase.table('facts', {
  organisationId: text().notNull(),
  teamId: text().notNull(),
  keyId: text().notNull(),
  provider: text().notNull(),
  model: text().notNull(),
  status: text().notNull(),
  origin: text().$type<CompletionOrigin>().notNull(),
  prompt: text().notNull(),
  tags: jsonb().$type<Tag[]>().notNull(),
  endUserId: text().notNull(),
  at: timestamp({ withTimezone: true }).notNull(),
  costNanos: bigint({ mode: 'bigint' }).notNull(),
  firstTokenMs: integer(),
  totalMs: integer(),
});

/** What of facts and roll-ups is added up. */
export const MEASURES = [
  'requests',
  'cache_hits',
  'unpriced',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_nanos',
] as const;

/** The slug never changes, so it is kept with what was summed. */
const PROMPT = sql`coalesce((select slug from prompts where id = c.prompt_id), '')`;

/**
 * What was settled: completions that ended, and the corrections and credits of the journal. A completion of several
 * attempts is a fact for each, under the model of each; the last one counts the request. A correction counts no request,
 * only cost; it belongs to what its completion belongs to. All that speaks of usage is made of this.
 * @param from where the completions `c`, or the entries `e` with the completions `c` that they name, come from; of
 * completions those that meet a condition.
 */
export function settledFacts(from: { completions: (those: SQL) => SQL; corrections: SQL }): SQL {
  return sql`
    select c.organisation_id, c.team_id, c.key_id, c.provider, c.model, c.status, c.origin, ${PROMPT} as prompt, c.tags,
      coalesce(c.end_user_id, '') as end_user_id, c.finished_at as at,
      1::bigint as requests, (coalesce(c.cache_read_tokens, 0) > 0)::int::bigint as cache_hits,
      (c.cost_nanos is null)::int::bigint as unpriced, coalesce(c.input_tokens, 0) as input_tokens,
      coalesce(c.output_tokens, 0) as output_tokens, coalesce(c.cache_read_tokens, 0) as cache_read_tokens,
      coalesce(c.cache_write_tokens, 0) as cache_write_tokens, coalesce(c.reasoning_tokens, 0) as reasoning_tokens,
      coalesce(c.cost_nanos, 0) as cost_nanos, c.first_token_ms, c.total_ms
    from ${from.completions(sql`finished_at is not null`)}
    union all
    select c.organisation_id, c.team_id, c.key_id, a.provider, a.model, c.status, c.origin, ${PROMPT}, c.tags,
      coalesce(c.end_user_id, ''), c.finished_at, 0::bigint, 0::bigint, (a."costNanos" is null)::int::bigint,
      u.input, u.output, u."cacheRead", u."cacheWrite", u.reasoning, coalesce(a."costNanos", 0), null::int, null::int
    from (select c.* from ${from.completions(sql`finished_at is not null and earlier is not null`)}) c
    cross join lateral jsonb_to_recordset(c.earlier) as a(provider text, model text, usage jsonb, "costNanos" bigint)
    cross join lateral jsonb_to_record(a.usage)
      as u(input bigint, output bigint, "cacheRead" bigint, "cacheWrite" bigint, reasoning bigint)
    union all
    select e.organisation_id, e.team_id, coalesce(e.key_id, c.key_id, ''), coalesce(c.provider, ''),
      coalesce(c.model, ''), coalesce(c.status, ''), coalesce(c.origin, 'CALLER'), ${PROMPT}, coalesce(c.tags, '[]'::jsonb),
      coalesce(c.end_user_id, ''),
      e.created_at, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
      case e.kind when 'CREDIT' then -e.amount_nanos else e.amount_nanos end, null::int, null::int
    from ${from.corrections} and e.kind in ('ADJUST', 'CREDIT')`;
}

/** All of them. */
export const ALL_FACTS = settledFacts({
  completions: (those) => sql`completions c where ${those}`,
  corrections: sql`ledger_entries e left join completions c on c.id = e.completion_id where true`,
});

/**
 * Those that events of the outbox announced. The lookups are made one by one, whatever the planner thinks of a table
 * that is always changing: there are few of them, and completions are many.
 * @param events name of a common table with the columns of the outbox.
 */
export function announcedFacts(events: string): SQL {
  const name = sql.raw(events);
  return settledFacts({
    completions: (those) => sql`${name} o cross join lateral (
        select * from completions where id = o.subject_id and ${those} offset 0
      ) c where o.kind = 'COMPLETION_SETTLED'`,
    corrections: sql`${name} o cross join lateral (
        select * from ledger_entries
        where id = case when o.kind = 'LEDGER_CORRECTED' then o.subject_id::bigint end offset 0
      ) e left join completions c on c.id = e.completion_id where true`,
  });
}

/** `sum(…)` of every measure, under its own name. */
export function sumOfMeasures(table: string): SQL {
  return sql.raw(MEASURES.map((name) => `sum(${table}.${name}) as ${name}`).join(', '));
}
