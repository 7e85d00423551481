export const SUNSET_ACTIONS = ['PASS', 'REFUSE', 'REPLACE'] as const;
/** What becomes of asks for a model that its vendor has taken back: they are passed on, refused, or go to another one. */
export type SunsetAction = (typeof SUNSET_ACTIONS)[number];

/** What is known of the end of a model. */
export interface Lifecycle {
  /** From when on nobody should begin with it. */
  deprecatedAt: Date | undefined;
  /** From when on its vendor does not answer any more. */
  sunsetAt: Date | undefined;
  /** `provider/model` that takes its place. */
  replacement: string | undefined;
  afterSunset: SunsetAction;
}

/** How a model stands at a moment. */
export interface Standing extends Lifecycle {
  model: string;
  /** DEPRECATED also where a sunset is known that is still to come. */
  state: 'CURRENT' | 'DEPRECATED' | 'SUNSET';
}

/** Another name for a model, which may be another one tomorrow. */
export interface ModelAlias {
  alias: string;
  /** `provider/model`; never an alias. */
  model: string;
  /** Whether the organisation has set it; otherwise it stands in the config. */
  isOwn: boolean;
}

export const NO_LIFECYCLE: Lifecycle = {
  deprecatedAt: undefined,
  sunsetAt: undefined,
  replacement: undefined,
  afterSunset: 'PASS',
};

/** @param isListed the price list says that it is deprecated, and not since when. */
export function standingOf(model: string, lifecycle: Lifecycle, isListed: boolean, at: Date): Standing {
  const { deprecatedAt, sunsetAt } = lifecycle;
  const isOver = sunsetAt !== undefined && sunsetAt <= at;
  // A sunset without the other date is announced by being known.
  const isAnnounced = deprecatedAt === undefined ? isListed || sunsetAt !== undefined : deprecatedAt <= at;
  return { ...lifecycle, model, state: isOver ? 'SUNSET' : isAnnounced ? 'DEPRECATED' : 'CURRENT' };
}

/** It has ended, and whoever asks for it is to be told so. */
export function isRefused({ state, afterSunset }: Standing): boolean {
  return state === 'SUNSET' && afterSunset === 'REFUSE';
}

/** What whoever uses it should know, in one line; undefined for a model that nothing is wrong with. */
export function warnOf({ model, state, sunsetAt, replacement }: Standing): string | undefined {
  if (state === 'CURRENT') return undefined;
  const day = sunsetAt?.toISOString().slice(0, 10);
  const end = state === 'SUNSET' ? `ended on ${day}` : day === undefined ? undefined : `ends on ${day}`;
  const follows = replacement && `${replacement} takes its place`;
  return [`${model} is deprecated`, end, follows].filter((part) => part !== undefined).join('; ');
}
