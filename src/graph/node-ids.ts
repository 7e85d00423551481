import { isId } from '../lib/ids.ts';

/** Global ids are readable: a prefix says the type. Most are the ids of the rows themselves. */
const PREFIXES = {
  cmpl: 'Completion',
  key: 'ApiKey',
  team: 'Team',
  org: 'Organisation',
  user: 'User',
  role: 'Role',
  mdl: 'Model',
  prov: 'Provider',
  price: 'Price',
  ent: 'LedgerEntry',
  aud: 'AuditEvent',
  alert: 'BudgetAlert',
  anom: 'Anomaly',
  sunset: 'SunsetAlert',
  verdict: 'TrialAlert',
  bdg: 'Budget',
  areq: 'AccessRequest',
  grant: 'AccessGrant',
  lim: 'Limit',
  op: 'Operation',
  route: 'Route',
  prm: 'Prompt',
  prmv: 'PromptVersion',
  prmp: 'PromptPartial',
  plr: 'PromptLabelRequest',
  ds: 'Dataset',
  case: 'DatasetCase',
  eval: 'Evaluation',
} as const;
type Typename = (typeof PREFIXES)[keyof typeof PREFIXES];

/** Rows whose own id is no global id yet: models, providers and roles by their name, entries and events by their number. */
const OWN_PREFIX: Partial<Record<string, string>> = {
  Model: 'mdl',
  Provider: 'prov',
  Role: 'role',
  LedgerEntry: 'ent',
  AuditEvent: 'aud',
  BudgetAlert: 'alert',
  Anomaly: 'anom',
  SunsetAlert: 'sunset',
  TrialAlert: 'verdict',
};

/** Those whose id is a number. */
const NUMBERED: ReadonlySet<string> = new Set([
  'LedgerEntry',
  'AuditEvent',
  'BudgetAlert',
  'Anomaly',
  'SunsetAlert',
  'TrialAlert',
]);

export function encodeNodeId(typename: string, id: string): string {
  const prefix = OWN_PREFIX[typename];
  return prefix ? `${prefix}_${id}` : id;
}

/** What is no global id of ours is looked for like one, and never found: no model is without a name. */
const NOTHING = { typename: 'Model', id: '' } as const;

export function decodeNodeId(globalId: string): { typename: Typename; id: string } {
  const [, prefix = '', rest = ''] = /^([a-z]+)_(.+)$/s.exec(globalId) ?? [];
  const typename = (PREFIXES as Partial<Record<string, Typename>>)[prefix];
  if (!typename || globalId.includes('\0')) return NOTHING;
  if (NUMBERED.has(typename)) return /^\d{1,18}$/.test(rest) ? { typename, id: rest } : NOTHING;
  if (typename in OWN_PREFIX) return { typename, id: rest };
  return isId(prefix, globalId) || rest === 'default' ? { typename, id: globalId } : NOTHING;
}
