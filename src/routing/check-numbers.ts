import type { InputIssue } from '../domain/errors.ts';
import type { RouteSpec, RouteTarget } from '../domain/route.ts';

const RETRIES_MAX = 10;
const REPAIRS_MAX = 5;
const SHADOWS_MAX = 100;
/** More often is load, more rarely is no probing. */
const PROBE_SECONDS: [number, number] = [10, 86_400];
const WEIGHT_MAX = 1_000_000;
/** The longest that a timer of Node can wait. */
const MS_MAX = 2 ** 31 - 1;

/** Numbers that no route can mean. */
export function listNumberFaults(spec: RouteSpec, at: string[]): InputIssue[] {
  const { repairs, hedgePercentile, shadow, probeSeconds, targets } = spec;
  return [
    ...ifOutside(repairs, [0, REPAIRS_MAX], [...at, 'repairs']),
    ...ifOutside(hedgePercentile, [1, 99.99], [...at, 'hedgePercentile']),
    ...ifNoPercentage(shadow?.percent, [...at, 'shadow', 'percent']),
    ...ifOutside(shadow?.maxConcurrent, [1, SHADOWS_MAX], [...at, 'shadow', 'maxConcurrent']),
    ...ifOutside(probeSeconds, PROBE_SECONDS, [...at, 'probeSeconds']),
    ...targets.flatMap((target, index) => listTargetFaults(target, [...at, 'targets', String(index)])),
  ];
}

function listTargetFaults({ weight, retries, timeouts }: RouteTarget, at: string[]): InputIssue[] {
  const { connectMs, firstTokenMs, idleMs, totalMs: timeoutMs } = timeouts;
  return [
    ...(weight > WEIGHT_MAX ? ifOutside(weight, [0, WEIGHT_MAX], [...at, 'weight']) : []),
    ...ifOutside(retries, [0, RETRIES_MAX], [...at, 'retries']),
    ...Object.entries({ connectMs, firstTokenMs, idleMs, timeoutMs }).flatMap(([name, ms]) =>
      ifOutside(ms, [1, MS_MAX], [...at, name]),
    ),
  ];
}

/** Of nothing no copy is made: whoever wants none says no shadow. */
function ifNoPercentage(value: number | undefined, path: string[]): InputIssue[] {
  if (value === undefined || (value > 0 && value <= 100)) return [];
  return [{ path, message: `${path.join('.')} is ${value}; it must be more than 0 and at most 100` }];
}

function ifOutside(value: number | undefined, [least, most]: [number, number], path: string[]): InputIssue[] {
  if (value === undefined || (value >= least && value <= most)) return [];
  return [{ path, message: `${path.join('.')} is ${value}; it must be from ${least} to ${most}` }];
}
