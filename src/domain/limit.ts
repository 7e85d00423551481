export const LIMIT_SCOPES = [
  'ORGANISATION',
  'TEAM',
  'KEY',
  'END_USER',
  'IP',
  'OPERATION',
  'MODEL',
  'PROVIDER',
  'ROUTE',
  'PROMPT',
] as const;
/** What a limit is set on; OPERATION: on a trusted one, by its name. */
export type LimitScope = (typeof LIMIT_SCOPES)[number];

export const LIMIT_UNITS = [
  'REQUESTS_PER_MINUTE',
  'TOKENS_PER_MINUTE',
  'CONCURRENT',
  'OPERATION_COST_PER_MINUTE',
] as const;
/** What a limit counts: completions begun, their tokens, completions under way, or the points of GraphQL operations. */
export type LimitUnit = (typeof LIMIT_UNITS)[number];

/** As a `subjectId`: each subject of the scope has the limit for itself. */
export const EACH = '*';

/** How much may be used of something. */
export interface Limit {
  id: string;
  organisationId: string;
  /** Of a key or a team: the team. */
  teamId: string | undefined;
  scope: LimitScope;
  /** `*`: each subject of the scope by itself. */
  subjectId: string;
  unit: LimitUnit;
  max: number;
  /** Undefined for one that stands in the config and holds for everybody. */
  createdAt: Date | undefined;
}

/** How a limit stands for one subject. */
export interface LimitStanding {
  limit: Limit;
  /** What may still be used now; never below 0. */
  remaining: number;
  /** Until nothing of it is used any more, if nothing else comes; undefined for what ends when the work does. */
  resetMs: number | undefined;
}

/** What a request is about: the id in each scope that it has one in. */
export type LimitSubjects = Partial<Record<LimitScope, string>> & {
  /** The organisation whose limits hold, for a request that does not count in those on the organisation itself. */
  within?: string;
};

/** What a request would use. */
export type LimitAmounts = Partial<Record<LimitUnit, number>>;

/** For people: `60 requests per minute`. */
export function formatLimit(unit: LimitUnit, amount: number): string {
  const [one, many] = UNIT_NAMES[unit];
  return `${amount} ${amount === 1 ? one : many}`;
}

const UNIT_NAMES: Record<LimitUnit, [one: string, many: string]> = {
  REQUESTS_PER_MINUTE: ['request per minute', 'requests per minute'],
  TOKENS_PER_MINUTE: ['token per minute', 'tokens per minute'],
  CONCURRENT: ['at the same time', 'at the same time'],
  OPERATION_COST_PER_MINUTE: ['point of operations per minute', 'points of operations per minute'],
};
