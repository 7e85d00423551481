import { hash } from 'node:crypto';
import type { ISql, Sql, TransactionSql } from 'postgres';
import { toJsonParameter } from '../../db/json.ts';
import { OPERATION_TAG, type OperationPolicy } from '../../domain/operation.ts';
import { InvalidInput, NotFound, type InputIssue } from '../../domain/errors.ts';
import type { Origin } from '../../domain/origin.ts';
import type { Principal } from '../../domain/principal.ts';
import { isTaskTag } from '../../domain/tag.ts';
import { appendEvent } from '../../events/outbox.ts';
import { newId } from '../../lib/ids.ts';
import { record } from '../record.ts';
import type { RegisteredOperation } from './read.ts';

/** What registering operations needs. */
export interface OperationStore {
  sql: Sql;
  /** Something of this organisation was committed. */
  onChange(organisationId: string): void;
}

export interface NewOperation {
  name: string;
  /** A document with one operation, which the schema knows. */
  text: string;
  policy: OperationPolicy;
}

/** All of them are kept in memory, so there is a limit to their number and to the characters of their texts. */
const OF_ORGANISATION_MAX = 2_000;
const CHARS_OF_ORGANISATION_MAX = 2_000_000;
const TEXT_MAX = 40_000;
const MODELS_MAX = 200;
const TAGS_MAX = 16;
const CACHE_SECONDS_MAX = 86_400;
const OUTPUT_TOKENS_MAX = 10_000_000;
const NAME = /^[\w.:/-]{1,128}$/;

/**
 * Takes an operation into trust. The same text again gets the new name and the new policy.
 * @throws InvalidInput with a path for each fault.
 */
export async function registerOperation(
  { sql, onChange }: OperationStore,
  who: Principal,
  input: NewOperation,
  by: Origin,
): Promise<RegisteredOperation> {
  ensureValid(input);
  const { organisationId } = who;
  const operation = { ...input, id: newId('op'), hash: hash('sha256', input.text) };
  const registered = await sql.begin(async (tx) => {
    const before = await lock(tx, organisationId, 'hash', operation.hash);
    if (!before) await ensureRoom(tx, organisationId, input.text);
    const after = await upsert(tx, organisationId, operation);
    await tell(tx, who, { action: 'operation.register', before, after, by });
    return after;
  });
  onChange(organisationId);
  return registered;
}

/** From now on nobody is let run it for being trusted. @throws NotFound. */
export async function removeOperation(
  { sql, onChange }: OperationStore,
  who: Principal,
  id: string,
  by: Origin,
): Promise<void> {
  await sql.begin(async (tx) => {
    const before = await lock(tx, who.organisationId, 'id', id);
    if (!before) throw new NotFound('operation', id, ['id']);
    await tx`DELETE FROM operations WHERE id = ${id} AND organisation_id = ${who.organisationId}`;
    await tell(tx, who, { action: 'operation.remove', before, after: undefined, by });
  });
  onChange(who.organisationId);
}

function ensureValid({ name, text, policy }: NewOperation): void {
  const issues: InputIssue[] = [];
  const check = (isRight: boolean, path: string[], message: string) => {
    if (!isRight) issues.push({ path: ['input', ...path], message: `input.${path.join('.')} ${message}` });
  };
  const { models, tags, maxOutputTokens = 1, cacheTtlSeconds = 0 } = policy;
  check(NAME.test(name), ['name'], 'must have 1 to 128 characters of a-z, A-Z, 0-9 and _.:/-');
  check(text.length <= TEXT_MAX, ['text'], `may have at most ${TEXT_MAX.toLocaleString('en')} characters`);
  check(
    models.length <= MODELS_MAX && models.every((model) => /^[^\s\p{Cc}]{1,256}$/u.test(model)),
    ['policy', 'models'],
    `must hold at most ${MODELS_MAX} names of 1 to 256 visible characters`,
  );
  check(
    tags.length <= TAGS_MAX &&
      tags.every(isTag) &&
      tags.every(({ key }) => key !== OPERATION_TAG && !isTaskTag(key)),
    ['policy', 'tags'],
    `must hold at most ${TAGS_MAX} tags of a key with 1 to 64 and a value with up to 256 characters; "operation" is set to the name`,
  );
  check(
    isFromTo(maxOutputTokens, 1, OUTPUT_TOKENS_MAX),
    ['policy', 'maxOutputTokens'],
    `must be from 1 to ${OUTPUT_TOKENS_MAX}`,
  );
  check(
    isFromTo(cacheTtlSeconds, 0, CACHE_SECONDS_MAX),
    ['policy', 'cacheTtlSeconds'],
    `must be from 0 to ${CACHE_SECONDS_MAX}`,
  );
  if (issues.length > 0) throw new InvalidInput(issues);
}

function isTag({ key, value }: { key: string; value: string }): boolean {
  return key.length >= 1 && key.length <= 64 && value.length <= 256;
}

function isFromTo(value: number, from: number, to: number): boolean {
  return value >= from && value <= to;
}

async function ensureRoom(sql: ISql, organisationId: string, text: string): Promise<void> {
  const [used] = await sql<{ count: number; chars: number }[]>`
    SELECT count(*)::int AS count, coalesce(sum(length(text)), 0)::int AS chars
    FROM operations WHERE organisation_id = ${organisationId}`;
  const { count = 0, chars = 0 } = used ?? {};
  if (count < OF_ORGANISATION_MAX && chars + text.length <= CHARS_OF_ORGANISATION_MAX) return;
  const message = `input.text: an organisation may have ${OF_ORGANISATION_MAX} operations with ${CHARS_OF_ORGANISATION_MAX.toLocaleString('en')} characters; remove those that no client sends any more`;
  throw new InvalidInput([{ path: ['input', 'text'], message }]);
}

interface Row extends Omit<RegisteredOperation, 'createdAt'> {
  created_at: Date | string;
}

async function lock(
  sql: TransactionSql,
  organisationId: string,
  column: 'id' | 'hash',
  value: string,
): Promise<RegisteredOperation | undefined> {
  // One writer of an organisation after the other, so that the limit is exact.
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`operations ${organisationId}`}, 0))`;
  const [row] = await sql<Row[]>`
    SELECT id, name, hash, text, policy, created_at FROM operations
    WHERE organisation_id = ${organisationId} AND ${sql(column)} = ${value}`;
  return row && toOperation(row);
}

async function upsert(
  sql: ISql,
  organisationId: string,
  { id, name, hash: digest, text, policy }: NewOperation & { id: string; hash: string },
): Promise<RegisteredOperation> {
  const [row] = await sql<Row[]>`
    INSERT INTO operations (id, organisation_id, name, hash, text, policy)
    VALUES (${id}, ${organisationId}, ${name}, ${digest}, ${text}, ${toJsonParameter(policy)}::text::jsonb)
    ON CONFLICT (organisation_id, hash) DO UPDATE SET name = EXCLUDED.name, policy = EXCLUDED.policy
    RETURNING id, name, hash, text, policy, created_at`;
  return toOperation(row!);
}

function toOperation({ created_at, ...rest }: Row): RegisteredOperation {
  return { ...rest, createdAt: new Date(created_at) };
}

async function tell(
  sql: ISql,
  who: Principal,
  change: {
    action: string;
    before: RegisteredOperation | undefined;
    after: RegisteredOperation | undefined;
    by: Origin;
  },
): Promise<void> {
  const { action, before, after, by } = change;
  const targetId = (after ?? before)!.id;
  await appendEvent(sql, {
    kind: 'OPERATIONS_CHANGED',
    organisationId: who.organisationId,
    subjectId: targetId,
  });
  await record({ sql }, who, {
    action,
    targetId,
    before: before && toRecord(before),
    after: after && toRecord(after),
    by,
  });
}

function toRecord({ name, hash: digest, policy }: RegisteredOperation) {
  return { name, sha256: digest, policy };
}
