import type { ISql, Sql } from 'postgres';
import { Conflict, InvalidInput, NotFound, type InputIssue } from '../../domain/errors.ts';
import type { Lifecycle } from '../../domain/lifecycle.ts';
import type { Model } from '../../domain/model.ts';
import type { Origin } from '../../domain/origin.ts';
import type { Principal } from '../../domain/principal.ts';
import { appendAudit, type AuditRecord } from '../../events/audit.ts';
import { appendEvent } from '../../events/outbox.ts';
import type { ModelBook } from './book.ts';

/** What changing names and ends of models needs. */
export interface ModelSetting {
  sql: Sql;
  book: ModelBook;
  findModel(name: string): Model | undefined;
  /** Whether a model is known by this very name, and not only by a pattern or since any name may exist. */
  isListed(name: string): boolean;
  /** Something was committed. */
  onChange(): void;
}

/** All of them are kept in memory, so there is a limit to them. */
const OF_ORGANISATION_MAX = 1_000;
const ALIAS = /^[a-z0-9-]+\/(?!.*\.\.)[\w@~][\w.:@/+~-]{0,255}$/;

/**
 * Gives a model another name, or leads a name that there is to another model. In this process it holds when this returns.
 * @throws InvalidInput with every fault.
 */
export async function setAlias(
  setting: ModelSetting,
  who: Principal,
  input: { alias: string; model: string },
  by: Origin,
): Promise<void> {
  const { organisationId } = who;
  const { alias, model } = input;
  const faults = listAliasFaults(setting, organisationId, input);
  if (faults.length > 0) throw new InvalidInput(faults);
  await change(setting, who, async (tx) => {
    const before = await readAlias(tx, organisationId, alias);
    if (before === model) return undefined;
    if (before === undefined) await ensureRoom(tx, 'model_aliases', organisationId);
    await tx`
      INSERT INTO model_aliases (organisation_id, alias, model) VALUES (${organisationId}, ${alias}, ${model})
      ON CONFLICT (organisation_id, alias) DO UPDATE SET model = excluded.model`;
    return {
      action: 'model.alias.set',
      targetId: alias,
      before: before === undefined ? undefined : { model: before },
      after: { model },
      ...by,
    };
  });
}

/** @throws NotFound for what is no alias of the organisation's own. */
export async function deleteAlias(
  setting: ModelSetting,
  who: Principal,
  alias: string,
  by: Origin,
): Promise<string> {
  const { organisationId } = who;
  await change(setting, who, async (tx) => {
    const [gone] = await tx<{ model: string }[]>`
      DELETE FROM model_aliases WHERE organisation_id = ${organisationId} AND alias = ${alias} RETURNING model`;
    if (!gone) throw new NotFound('alias', alias, ['alias']);
    return { action: 'model.alias.delete', targetId: alias, before: { model: gone.model }, ...by };
  });
  return alias;
}

/**
 * Says when a model ends and what takes its place. Without any date the organisation goes back to what holds for everybody.
 * @throws InvalidInput with every fault.
 */
export async function setLifecycle(
  setting: ModelSetting,
  who: Principal,
  { model, ...lifecycle }: Lifecycle & { model: string },
  by: Origin,
): Promise<void> {
  const { organisationId } = who;
  const faults = listLifecycleFaults(setting, organisationId, { model, ...lifecycle });
  if (faults.length > 0) throw new InvalidInput(faults);
  const before = setting.book.listLifecycles(organisationId).get(model);
  const { deprecatedAt, sunsetAt, replacement = null, afterSunset } = lifecycle;
  await change(setting, who, async (tx) => {
    await tx`DELETE FROM model_lifecycles WHERE organisation_id = ${organisationId} AND model = ${model}`;
    if (deprecatedAt || sunsetAt) {
      await ensureRoom(tx, 'model_lifecycles', organisationId);
      await tx`
        INSERT INTO model_lifecycles (organisation_id, model, deprecated_at, sunset_at, replacement, after_sunset)
        VALUES (${organisationId}, ${model}, ${toText(deprecatedAt)}::text::timestamptz,
          ${toText(sunsetAt)}::text::timestamptz, ${replacement}, ${afterSunset})`;
    }
    const told = { action: 'model.lifecycle', targetId: `mdl_${model}`, ...by };
    return { ...told, before: before && toRecord(before), after: toRecord(lifecycle) };
  });
}

/** @param work answers what the audit tells of it; undefined where nothing was changed. */
async function change(
  { sql, book, onChange }: ModelSetting,
  { organisationId, keyId: actorId }: Principal,
  work: (tx: ISql) => Promise<Omit<AuditRecord, 'organisationId' | 'actorId'> | undefined>,
): Promise<void> {
  const changed = await sql.begin(async (tx) => {
    // Whoever changes them at the same time waits here, so that each sees what the other has made of them.
    await tx`SELECT 1 FROM organisations WHERE id = ${organisationId} FOR UPDATE`;
    const told = await work(tx);
    if (!told) return false;
    await appendEvent(tx, { kind: 'MODELS_CHANGED', organisationId, subjectId: told.targetId });
    await appendAudit(tx, { organisationId, actorId, ...told });
    return true;
  });
  if (!changed) return;
  onChange();
  await book.reload(organisationId);
}

async function readAlias(tx: ISql, organisationId: string, alias: string): Promise<string | undefined> {
  const [row] = await tx<{ model: string }[]>`
    SELECT model FROM model_aliases WHERE organisation_id = ${organisationId} AND alias = ${alias}`;
  return row?.model;
}

async function ensureRoom(
  tx: ISql,
  table: 'model_aliases' | 'model_lifecycles',
  organisationId: string,
): Promise<void> {
  const [row] = await tx<{ count: number }[]>`
    SELECT count(*)::int AS count FROM ${tx(table)} WHERE organisation_id = ${organisationId}`;
  if (row!.count < OF_ORGANISATION_MAX) return;
  throw new Conflict(`an organisation says this of at most ${OF_ORGANISATION_MAX} models`);
}

function listAliasFaults(
  { book, findModel, isListed }: ModelSetting,
  organisationId: string,
  { alias, model }: { alias: string; model: string },
): InputIssue[] {
  const faults: InputIssue[] = [];
  const shown = JSON.stringify(alias.slice(0, 100));
  if (!ALIAS.test(alias))
    faults.push(fault('alias', `is ${shown}; it must be a name such as "openai/latest"`));
  else if (isListed(alias)) faults.push(fault('alias', `is ${shown}, which is a model itself`));
  else if (book.listAliases(organisationId).some((each) => each.model === alias))
    faults.push(fault('alias', `is ${shown}, which another alias leads to`));
  if (alias === model) faults.push(fault('model', 'is the alias itself'));
  else if (book.findAlias(organisationId, model) !== undefined)
    faults.push(fault('model', `is ${JSON.stringify(model)}, an alias; name the model that it leads to`));
  else faults.push(...listModelFaults(findModel, 'model', model));
  return faults;
}

function listLifecycleFaults(
  { book, findModel }: ModelSetting,
  organisationId: string,
  { model, deprecatedAt, sunsetAt, replacement, afterSunset }: Lifecycle & { model: string },
): InputIssue[] {
  const faults: InputIssue[] = [];
  if (book.findAlias(organisationId, model) !== undefined)
    faults.push(fault('model', `is ${JSON.stringify(model)}, an alias; name the model that it leads to`));
  else if (!findModel(model)) faults.push(fault('model', noModel(model)));
  if (deprecatedAt && sunsetAt && sunsetAt < deprecatedAt)
    faults.push(
      fault(
        'sunsetAt',
        `is ${sunsetAt.toISOString()}; it must not come before deprecatedAt, ${deprecatedAt.toISOString()}`,
      ),
    );
  if (afterSunset !== 'PASS' && !sunsetAt)
    faults.push(fault('afterSunset', `is ${afterSunset}, and there is no sunsetAt; give one, or take PASS`));
  if (afterSunset === 'REPLACE' && replacement === undefined)
    faults.push(fault('afterSunset', 'is REPLACE, and there is no replacement; name one, or take REFUSE'));
  if (replacement === undefined) return faults;
  if (replacement === model) return [...faults, fault('replacement', 'is the model itself')];
  if (leadsBack(book.listLifecycles(organisationId), replacement, model))
    faults.push(fault('replacement', `leads back to ${JSON.stringify(model)}, which it is to replace`));
  return [...faults, ...listModelFaults(findModel, 'replacement', replacement)];
}

function leadsBack(lifecycles: ReadonlyMap<string, Lifecycle>, from: string, goal: string): boolean {
  const seen = new Set<string>();
  for (let name: string | undefined = from; name !== undefined && !seen.has(name);) {
    if (name === goal) return true;
    seen.add(name);
    name = lifecycles.get(name)?.replacement;
  }
  return false;
}

function noModel(name: string): string {
  return `is ${JSON.stringify(name.slice(0, 100))}; no configured provider has such a model`;
}

function listModelFaults(findModel: ModelSetting['findModel'], field: string, name: string): InputIssue[] {
  const model = findModel(name);
  if (!model) return [fault(field, noModel(name))];
  return model.capabilities.includes('TEXT')
    ? []
    : [fault(field, `is ${JSON.stringify(name)}, which does not answer with text`)];
}

function fault(field: string, what: string): InputIssue {
  return { path: ['input', field], message: `input.${field} ${what}` };
}

function toText(date: Date | undefined): string | null {
  return date?.toISOString() ?? null;
}

function toRecord({ deprecatedAt, sunsetAt, ...rest }: Lifecycle): Record<string, unknown> {
  return { ...rest, deprecatedAt: deprecatedAt?.toISOString(), sunsetAt: sunsetAt?.toISOString() };
}
