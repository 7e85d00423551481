import { Overloaded } from '../../domain/errors.ts';
import type { Priority } from '../../domain/priority.ts';
import { createBrink } from './brink.ts';

/** How often the gateway looks at itself. */
export const LOOK_EVERY_MS = 1_000;
/** BATCH is refused from this share of a limit on, so that it goes first. */
const BATCH_FROM = 0.9;
/** Longer than trouble that has just ended takes to be believed. */
const RETRY_AFTER_MS = 5_000;

/** How the process is doing. */
export interface Readings {
  /** Median delay of the event loop since the last look. */
  loopDelayMs: number;
  /** Memory in use, in percent of what the process may have. */
  memoryPercent: number;
  /** How long the database took to answer, or has not answered by now. */
  databaseMs: number;
}

/** What is said when a reading is too high; it names no figure, as callers read it. */
const TROUBLE: Readonly<Record<keyof Readings, string>> = {
  loopDelayMs: 'has more to do than it can',
  memoryPercent: 'is short of memory',
  databaseMs: 'waits for its database',
};

/** Whether new work is taken on. */
export interface Pressure {
  /** @returns why work of this priority is refused now; undefined when it is taken. */
  findRefusal(priority: Priority): Overloaded | undefined;
  /** @throws Overloaded, as `findRefusal` says. */
  ensureTakes(priority: Priority): void;
  stop(): void;
}

/**
 * Looks at the readings every second and refuses new work while one of them is in trouble, BATCH before INTERACTIVE. It takes
 * several looks in a row to begin and to end, so that one long pause does nothing.
 * @param options.limits where trouble begins, by reading.
 * @param options.onChange hears that it begins or ends to refuse.
 */
export function createPressure(options: {
  read: () => Readings;
  limits: Readings;
  onChange: (priority: Priority, refuses: boolean, readings: Readings) => void;
}): Pressure {
  const { limits, onChange } = options;
  const brinks = { BATCH: createBrink(BATCH_FROM), INTERACTIVE: createBrink(1) };
  let trouble: keyof Readings = 'loopDelayMs';

  function look(): void {
    const readings = options.read();
    const shares = (Object.keys(limits) as (keyof Readings)[]).map((name) => ({
      name,
      share: readings[name] / limits[name],
    }));
    const worst = shares.reduce((one, other) => (other.share > one.share ? other : one));
    if (worst.share >= BATCH_FROM) trouble = worst.name;
    for (const [priority, brink] of Object.entries(brinks) as [Priority, typeof brinks.BATCH][]) {
      if (brink.observe(worst.share)) onChange(priority, brink.isOver(), readings);
    }
  }
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();

  function findRefusal(priority: Priority): Overloaded | undefined {
    if (!brinks[priority].isOver()) return undefined;
    return new Overloaded(`the gateway ${TROUBLE[trouble]}; try again soon`, RETRY_AFTER_MS);
  }
  return {
    findRefusal,
    ensureTakes(priority) {
      const refusal = findRefusal(priority);
      if (refusal) throw refusal;
    },
    stop: () => clearInterval(timer),
  };
}
