import type { Database } from '../../../src/db/database.ts';
import { toJsonParameter } from '../../../src/db/json.ts';
import { subjectOf } from '../../../src/domain/budget.ts';
import type { Principal } from '../../../src/domain/principal.ts';
import {
  deleteBudget,
  setBudget,
  type BudgetInput,
  type BudgetStore,
} from '../../../src/ledger/budgets/set.ts';
import { newId } from '../../../src/lib/ids.ts';
import type { BudgetPlan } from './history.ts';
import { addBudget, subjectId, type BudgetState, type World } from './world.ts';

const ENDS_AFTER_MS = 12 * 3_600_000;

/** Windows must turn over when the simulation says so and not while it runs: it is never near midnight or a full hour. */
function zoneFor(window: BudgetPlan['window']): string {
  const now = new Date();
  if (window === 'HOUR')
    return now.getUTCMinutes() < 10 || now.getUTCMinutes() >= 50 ? 'Asia/Kolkata' : 'UTC';
  const offset = 12 - now.getUTCHours();
  if (offset === 0) return 'UTC';
  // The names of these zones count the other way round.
  return `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}`;
}

/** Of one and the same hour for all, or a budget would be told to change its time zone. */
const ZONES = {
  HOUR: zoneFor('HOUR'),
  DAY: zoneFor('DAY'),
  WEEK: zoneFor('WEEK'),
  MONTH: zoneFor('MONTH'),
  TOTAL: 'UTC',
};

function toInput(world: World, plan: BudgetPlan): BudgetInput {
  const { scope, unit, window, limit, rule, allowUnpriced, temporary } = plan;
  return {
    scope,
    subjectId: subjectId(world, plan),
    name: undefined,
    unit,
    limit,
    window,
    timeZone: ZONES[window],
    startDay: 1,
    onExceed: rule === 'WARN' ? 'WARN' : 'BLOCK',
    fallbackModel: undefined,
    queueMs: 0,
    shadow: rule === 'SHADOW',
    allowUnpriced,
    thresholds: [50, 100],
    endsAt: temporary ? new Date(Date.now() + ENDS_AFTER_MS) : undefined,
  };
}

/** The budgets that histories begin with, all in one statement. */
export async function insertBudgets(
  { sql }: Database,
  planned: readonly { world: World; plan: BudgetPlan }[],
): Promise<void> {
  const rows = planned.map(({ world, plan }) => {
    const id = newId('bdg');
    addBudget(world, id, plan);
    const { limit, ...input } = toInput(world, plan);
    const subject = subjectOf(input.scope, input.subjectId);
    return { ...input, id, organisationId: world.organisationId, subject, limit: limit.toString() };
  });
  await sql`
    INSERT INTO budgets (id, organisation_id, scope, subject_id, subject, unit, limit_amount, "window", time_zone,
      start_day, on_exceed, queue_ms, shadow, allow_unpriced, thresholds, ends_at)
    SELECT * FROM jsonb_to_recordset(${toJsonParameter(rows)}::text::jsonb) AS x(id text, "organisationId" text, scope text,
      "subjectId" text, subject text, unit text, "limit" bigint, "window" text, "timeZone" text, "startDay" int,
      "onExceed" text, "queueMs" int, shadow boolean, "allowUnpriced" boolean, thresholds jsonb, "endsAt" timestamptz)`;
}

export function adminOf({ organisationId }: World): Principal {
  const teamId = `${organisationId}/admins`;
  return {
    keyId: 'key_admin',
    organisationId,
    teamId,
    scopes: new Set(['ADMIN']),
    models: [],
    regions: undefined,
    keyRegions: [],
    allowedFrom: undefined,
    expiresAt: undefined,
    endUserId: undefined,
    tags: [],
  };
}

function storeOf({ sql }: Database): BudgetStore {
  return {
    sql,
    findSubject: async () => ({ teamId: undefined }),
    mayAnswer: () => true,
    explainOutside: () => undefined,
    endIncreases: async () => {},
    onChange() {},
  };
}

/** As an admin does it. @returns the budget's id. */
export async function writeBudget(database: Database, world: World, plan: BudgetPlan): Promise<string> {
  return (await setBudget(storeOf(database), adminOf(world), toInput(world, plan), { requestId: 'request' }))
    .id;
}

export async function removeBudget(database: Database, world: World, { id }: BudgetState): Promise<void> {
  await deleteBudget(storeOf(database), adminOf(world), id, { requestId: 'request' });
}
