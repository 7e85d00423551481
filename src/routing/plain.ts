import type { RouteShadow, RouteSpec, RouteTarget } from '../domain/route.ts';

/** A target by the names that callers set it by; what it does not say is not there. */
export type PlainTarget = Record<string, string | number>;

/** A route by the names that callers set it by, for the audit and for comparing. */
export interface PlainRoute {
  settings: Record<string, unknown>;
  targets: PlainTarget[];
}

export function toPlain(spec: RouteSpec): PlainRoute {
  const { strategy, targets, stickyBy, onCut, fallbackOn, repairs, hedgePercentile, probeSeconds } = spec;
  const { shadow, canary, experiment } = spec;
  return {
    settings: withoutUndefined({
      strategy,
      stickyBy,
      onCut,
      fallbackOn,
      repairs,
      hedgePercentile,
      shadow: shadow && toPlainShadow(shadow),
      probeSeconds,
      canary: canary && toPlainJson(canary),
      experiment: experiment && toPlainJson(experiment),
    }),
    targets: targets.map(toPlainTarget),
  };
}

/** Its members always come in one order. */
function toPlainShadow({ model, percent, maxConcurrent }: RouteShadow): RouteShadow {
  return { model, percent, maxConcurrent };
}

function toPlainTarget({ timeouts: { totalMs, ...timeouts }, ...target }: RouteTarget): PlainTarget {
  return withoutUndefined({ ...target, ...timeouts, timeoutMs: totalMs });
}

/** Members that are undefined are not there, at any depth. */
function toPlainJson(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

type Given<T> = Record<string, Exclude<T[keyof T], undefined>>;

function withoutUndefined<T extends object>(members: T): Given<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
