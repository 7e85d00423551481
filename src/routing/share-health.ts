import type { Channels } from '../events/channels.ts';
import type { Health } from './health.ts';
import type { CallEnd } from './model-health.ts';
import { countEnd, NOTHING_ENDED, readMessage, writeMessages, type Ended, type Report } from './reports.ts';

/** How often an instance says what has changed; a circuit that turned, and a vendor that wants a rest, are told at once. */
const BEAT_MS = 1_000;
const AT_ONCE_MS = 25;
/** Every so many beats it says again what is under way, so that it is not taken for dead. */
const REPEAT_BEATS = 2;
const MAX_REPORTS = 100;
/** What is not told yet of more models than this is dropped. */
const MAX_UNTOLD = 5_000;

/** What is not told yet of a model. */
interface Untold {
  ended: Ended;
  isTurn: boolean;
}

/**
 * Tells the other instances what this one sees of models, and believes them what they see. Everything told is true for a
 * moment only, so what gets lost does no harm. Nothing is told while nothing happens.
 * @returns how to stop.
 */
export function shareHealth(
  health: Health,
  { channels, channel, instanceId }: { channels: Channels; channel: string; instanceId: string },
): () => void {
  const own = createOwnNews(health, tellSoon);
  let isHeard = false;
  let beats = 0;
  let soon: ReturnType<typeof setTimeout> | undefined;

  function tellSoon(): void {
    soon ??= setTimeout(tell, AT_ONCE_MS).unref();
  }
  function tell(): void {
    clearTimeout(soon);
    soon = undefined;
    for (const text of writeMessages(instanceId, own.take())) channels.tell(channel, text);
  }
  function beat(): void {
    beats += 1;
    if (beats % REPEAT_BEATS === 0) own.repeat();
    // Until it hears itself nobody can have heard of it, and it has not heard of the others.
    if (!own.isEmpty() || !isHeard) tell();
  }
  function hear(text: string): void {
    const told = readMessage(text);
    if (!told) return;
    if (told.from === instanceId) isHeard = true;
    else {
      // One that was not there before has to know what it would else find out by its own callers.
      if (!health.knows(told.from)) own.tellAnew();
      health.hear(told.from, told.reports);
    }
  }

  channels.listen(channel, hear);
  const stopWatching = health.watch((model, happened) => {
    if (happened) own.note(model, happened.isTurn, happened.end);
  });
  const beating = setInterval(beat, BEAT_MS).unref();
  beat();
  return () => {
    stopWatching();
    clearInterval(beating);
    clearTimeout(soon);
  };
}

/**
 * What this instance has not told yet.
 * @param tellSoon is called for what others should know at once.
 */
function createOwnNews(health: Health, tellSoon: () => void) {
  const untold = new Map<string, Untold>();
  /** Those of which others believe that calls of this instance are under way. */
  const busy = new Set<string>();

  function note(model: string, isTurn: boolean, end?: CallEnd): void {
    const before = untold.get(model);
    if (!before && untold.size >= MAX_UNTOLD) return;
    const ended = before?.ended ?? NOTHING_ENDED;
    untold.set(model, {
      ended: end ? countEnd(ended, end) : ended,
      isTurn: isTurn || (before?.isTurn ?? false),
    });
    if (isTurn) tellSoon();
  }
  function report(model: string, { ended, isTurn }: Untold): Report {
    const { turned, restMs, ...calls } = health.standing(model);
    busy[calls.inFlight > 0 || calls.isTrying ? 'add' : 'delete'](model);
    const turn = isTurn ? { turned, restMs: restMs > 0 ? restMs : undefined } : {};
    return { model, ...calls, ...ended, ...turn };
  }
  return {
    note,
    isEmpty: () => untold.size === 0,
    take(): Report[] {
      const some = [...untold].slice(0, MAX_REPORTS);
      for (const [model] of some) untold.delete(model);
      return some.map(([model, each]) => report(model, each));
    },
    /** What is under way still is. */
    repeat(): void {
      for (const model of busy) note(model, false);
    },
    tellAnew(): void {
      for (const model of health.listKnown()) {
        const { inFlight, isTrying, restMs, turned } = health.standing(model);
        const isTurn = restMs > 0 || (turned?.opened ?? 0) > 0;
        if (isTurn || isTrying || inFlight > 0) note(model, isTurn);
      }
    },
  };
}
