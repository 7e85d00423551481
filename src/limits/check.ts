import type { InputIssue } from '../domain/errors.ts';
import { EACH, type Limit, type LimitScope } from '../domain/limit.ts';
import { canonicalAddress } from '../lib/ip-address.ts';

/** More than anybody needs: a slip of the keyboard. */
const MAX = 1_000_000_000_000;
const SUBJECT_MAX = 400;
/** Less would keep out the operation that lifts the limit. */
const LEAST_COST = 1_000;
const TARGETS: readonly LimitScope[] = ['MODEL', 'PROVIDER', 'ROUTE', 'PROMPT'];

export type LimitInput = Pick<Limit, 'scope' | 'subjectId' | 'unit' | 'max'>;

/** Everything that is wrong with a limit by itself. */
export function listFaults({ scope, subjectId, unit, max }: LimitInput): InputIssue[] {
  const faults: InputIssue[] = [];
  const fault = (field: string, what: string) =>
    faults.push({ path: ['input', field], message: `input.${field} ${what}` });
  const least = unit === 'OPERATION_COST_PER_MINUTE' ? LEAST_COST : 1;
  if (max < least)
    fault('max', `is ${max}; it must be at least ${least}; to stop all use, revoke the key instead`);
  else if (max > MAX) fault('max', `is ${max}; it must be at most ${MAX}`);
  if (subjectId === '' || subjectId.length > SUBJECT_MAX)
    fault('subjectId', `must hold 1 to ${SUBJECT_MAX} characters`);
  else if (/\p{Cc}/u.test(subjectId)) fault('subjectId', 'holds a control character');
  else if (scope === 'IP' && subjectId !== EACH && canonicalAddress(subjectId) === undefined)
    fault('subjectId', `is ${JSON.stringify(subjectId)}; it must be an IP address or "*"`);
  else if (scope === 'ORGANISATION' && subjectId === EACH)
    fault('subjectId', 'is "*"; there is only your own organisation');
  if (unit === 'OPERATION_COST_PER_MINUTE' && TARGETS.includes(scope))
    fault('unit', `is ${unit}, which nothing of a ${scope} is counted in; limit who asks instead`);
  return faults;
}
