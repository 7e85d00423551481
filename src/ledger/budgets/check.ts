import { formatAmount, type Budget, type BudgetUnit } from '../../domain/budget.ts';
import type { InputIssue } from '../../domain/errors.ts';
import { isRouteName } from '../../domain/route.ts';
import { isTimeZone } from '../../lib/time-zone.ts';
import type { BudgetInput } from './set.ts';

/** A billion USD, and as many tokens or requests as nobody needs: more is a slip of the keyboard. */
const LIMITS_MAX: Record<BudgetUnit, bigint> = {
  MONEY: 10n ** 18n,
  TOKENS: 10n ** 15n,
  REQUESTS: 10n ** 15n,
};
const QUEUE_MS_MAX = 60_000;
const THRESHOLDS_MAX = 10;
const NAME_MAX = 200;
const SUBJECT_MAX = 400;
/** The last day that a window of this kind can begin on; for others there is no choice. */
const LAST_START_DAY: Partial<Record<Budget['window'], number>> = { WEEK: 7, MONTH: 28 };

/** Everything that is wrong with a budget by itself. */
export function listFaults(input: BudgetInput, mayAnswer: (name: string) => boolean): InputIssue[] {
  return [
    ...checkLimit(input),
    ...checkWindow(input),
    ...checkOnExceed(input, mayAnswer),
    ...checkThresholds(input.thresholds),
    ...checkSubject(input),
    ...(input.name !== undefined && (input.name.trim() === '' || input.name.length > NAME_MAX)
      ? fault('name', `must hold 1 to ${NAME_MAX} characters`)
      : []),
    ...(input.allowUnpriced && input.unit !== 'MONEY'
      ? fault('allowUnpriced', `means nothing for ${input.unit}; only MONEY needs a price`)
      : []),
  ];
}

export function fault(field: string, what: string): InputIssue[] {
  return [{ path: ['input', field], message: `input.${field} ${what}` }];
}

function checkSubject({ scope, subjectId }: BudgetInput): InputIssue[] {
  if (subjectId === '' || subjectId.length > SUBJECT_MAX)
    return fault('subjectId', `must hold 1 to ${SUBJECT_MAX} characters`);
  if (scope === 'TAG' && !/^[^=]+=/.test(subjectId))
    return fault('subjectId', `is ${JSON.stringify(subjectId)}; a tag is written "key=value"`);
  return [];
}

/** What is wrong with an amount that a limit is, or is raised by. */
export function findAmountFault(unit: BudgetUnit, amount: bigint): string | undefined {
  const given = `is ${formatAmount(unit, amount)}`;
  if (amount <= 0n) return `${given}; it must be more than 0: to stop all use, revoke the key instead`;
  if (amount > LIMITS_MAX[unit])
    return `${given}; it must be at most ${formatAmount(unit, LIMITS_MAX[unit])}`;
  return undefined;
}

function checkLimit({ limit, unit }: BudgetInput): InputIssue[] {
  const found = findAmountFault(unit, limit);
  return found === undefined ? [] : fault('limit', found);
}

function checkWindow({ window, timeZone, startDay }: BudgetInput): InputIssue[] {
  const last = LAST_START_DAY[window] ?? 1;
  const days = window === 'WEEK' ? '1 (Monday) to 7' : `1 to ${last}`;
  const meaning = last === 1 ? `means nothing for a ${window}` : `is ${startDay}; it must be from ${days}`;
  return [
    ...(Number.isInteger(startDay) && startDay >= 1 && startDay <= last ? [] : fault('startDay', meaning)),
    ...(isTimeZone(timeZone)
      ? []
      : fault('timeZone', `is ${JSON.stringify(timeZone)}; it must be a name such as "Europe/Berlin"`)),
  ];
}

function checkOnExceed(input: BudgetInput, mayAnswer: (name: string) => boolean): InputIssue[] {
  const { onExceed, fallbackModel, queueMs, scope, subjectId } = input;
  const faults: InputIssue[] = [];
  if (onExceed === 'FALLBACK_TO_CHEAPER') {
    if (fallbackModel === undefined)
      faults.push(
        ...fault(
          'fallbackModel',
          'is missing; FALLBACK_TO_CHEAPER names the model or the route that answers instead',
        ),
      );
    else if (!mayAnswer(fallbackModel))
      faults.push(
        ...fault(
          'fallbackModel',
          `is ${JSON.stringify(fallbackModel)}; there is no such ${isRouteName(fallbackModel) ? 'route' : 'model of a configured provider'}`,
        ),
      );
    else if ((scope === 'MODEL' || scope === 'ROUTE') && fallbackModel === subjectId)
      faults.push(...fault('fallbackModel', `is the ${scope.toLowerCase()} that the budget is on`));
  } else if (fallbackModel !== undefined) {
    faults.push(...fault('fallbackModel', `means nothing with ${onExceed}, only with FALLBACK_TO_CHEAPER`));
  }
  if (!Number.isInteger(queueMs) || queueMs < 0 || queueMs > QUEUE_MS_MAX)
    faults.push(...fault('queueMs', `is ${queueMs}; it must be from 0 to ${QUEUE_MS_MAX}`));
  return faults;
}

function checkThresholds(thresholds: readonly number[]): InputIssue[] {
  const fine = thresholds.every((percent) => Number.isInteger(percent) && percent >= 1 && percent <= 100);
  const once = new Set(thresholds).size === thresholds.length;
  if (fine && once && thresholds.length <= THRESHOLDS_MAX) return [];
  return fault('thresholds', `must be at most ${THRESHOLDS_MAX} different whole numbers from 1 to 100`);
}
