import type { Sql, TransactionSql } from 'postgres';
import { allowModel } from '../access/allow-model.ts';
import type { ModelSetting } from '../catalog/lifecycle/set.ts';
import { repointAliases } from '../catalog/lifecycle/repoint.ts';
import type { Budget } from '../domain/budget.ts';
import { InvalidInput, type InputIssue } from '../domain/errors.ts';
import type { Model } from '../domain/model.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { isRouteName, type Route } from '../domain/route.ts';
import { appendAudits } from '../events/audit.ts';
import { replaceFallback } from '../ledger/budgets/replace-fallback.ts';
import { changeRoutesIn, type RouteStore } from '../routing/change.ts';
import type { RouteEdit } from '../routing/edit.ts';
import { wantReplaced } from '../routing/replace-target.ts';

/** What replacing models needs. */
export interface ReplaceDeps {
  sql: Sql;
  routes: RouteStore;
  modelSetting: ModelSetting;
  /** Tells every instance to forget what it knew of a key. */
  onKeyChange(key: { id: string; organisationId: string }): Promise<void>;
}

export interface WantedReplacement {
  /** `provider/model`; it need not be there any more. */
  from: string;
  to: string;
  /** By the name of a route: the version that there has to be now. */
  expectedVersions: ReadonlyMap<string, number>;
  dryRun: boolean;
}

/** What was done, or would be. */
export interface Replaced {
  routes: RouteEdit[];
  /** Those of the organisation's own that led to the model. */
  aliases: string[];
  /** Those that go to it when they are used up. */
  budgets: Budget[];
  /** Those that list it and may use the other one too from then on. */
  keyIds: string[];
}

/** Carries what would have been done out of a transaction that is to leave nothing behind. */
class Undone extends Error {
  readonly replaced: Replaced;
  constructor(replaced: Replaced) {
    super('a dry run');
    this.replaced = replaced;
  }
}

/**
 * Puts a model into the place of another one wherever the organisation names it, all of it or nothing.
 * @throws InvalidInput, also for what a route that changes has wrong; Conflict for another version of a route than
 * expected; Forbidden.
 */
export async function replaceModel(
  deps: ReplaceDeps,
  who: Principal,
  wanted: WantedReplacement,
  by: Origin,
): Promise<Replaced> {
  ensureModels(deps.modelSetting, who, wanted);
  try {
    const replaced = await deps.sql.begin(async (tx) => {
      const done = await write(deps, tx, who, wanted, by);
      if (wanted.dryRun) throw new Undone(done);
      return done;
    });
    await tell(deps, who, replaced);
    return replaced;
  } catch (error) {
    if (error instanceof Undone) return error.replaced;
    throw error;
  }
}

async function write(
  { routes: store }: ReplaceDeps,
  tx: TransactionSql,
  who: Principal,
  wanted: WantedReplacement,
  by: Origin,
): Promise<Replaced> {
  // As everywhere: first the organisation, and the audit, whose end all others wait for, last.
  await tx`SELECT 1 FROM organisations WHERE id = ${who.organisationId} FOR UPDATE`;
  const { aliases, audits: ofAliases } = await repointAliases(tx, who, wanted, by.requestId);
  const { budgets, audits: ofBudgets } = await replaceFallback(tx, who, wanted, by.requestId);
  const { keyIds, audits: ofKeys } = await allowModel(tx, who, wanted, by.requestId);
  const replaceIn = (living: readonly Route[]) => wantReplaced(living, wanted);
  const routes = await changeRoutesIn(tx, store, who, replaceIn, by).catch((error: unknown) => {
    throw error instanceof InvalidInput ? tellRoutes(error, wanted.to) : error;
  });
  const audits = [...ofAliases, ...ofBudgets, ...ofKeys].map((audit) => ({ ...audit, ...by }));
  if (audits.length > 0) await appendAudits(tx, audits);
  return { routes, aliases, budgets, keyIds };
}

/** What routes that change have wrong is told of by their names: they are no part of the input. */
function tellRoutes({ issues }: InvalidInput, to: string): InvalidInput {
  return new InvalidInput(
    issues.map(({ path, message }) => {
      const [, , route, ...where] = path;
      const whole = `${path.join('.')} `;
      const what = message.startsWith(whole) ? `${where.join('.')} ${message.slice(whole.length)}` : message;
      return fault('to', `is ${JSON.stringify(to)}; with it the route ${JSON.stringify(route)}: ${what}`);
    }),
  );
}

async function tell(
  { routes, modelSetting, onKeyChange }: ReplaceDeps,
  { organisationId }: Principal,
  { keyIds }: Replaced,
): Promise<void> {
  routes.onChange();
  for (const id of keyIds) await onKeyChange({ id, organisationId });
  await Promise.all([routes.book.reload(organisationId), modelSetting.book.reload(organisationId)]);
}

function ensureModels(
  { book, findModel }: ModelSetting,
  { organisationId }: Principal,
  { from, to }: WantedReplacement,
): void {
  const found: Model | undefined = findModel(to);
  const alias = (name: string) => book.findAlias(organisationId, name) !== undefined;
  const faults = [
    isRouteName(from)
      ? fault('from', `is ${shown(from)}, no name of a model, which is "provider/model"`)
      : [],
    alias(from)
      ? fault('from', `is ${shown(from)}, an alias; lead it to another model by modelAliasSet`)
      : [],
    alias(to) ? fault('to', `is ${shown(to)}, an alias; name the model that it leads to`) : [],
    from === to ? fault('to', `is ${shown(to)}, the model that it is to replace`) : [],
    found?.capabilities.includes('TEXT')
      ? []
      : fault('to', `is ${shown(to)}; no configured provider has such a model that answers with text`),
  ].flat();
  if (faults.length > 0) throw new InvalidInput(faults);
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}

function fault(field: string, what: string): InputIssue {
  return { path: ['input', field], message: `input.${field} ${what}` };
}
