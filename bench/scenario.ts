/** One kind of load that every system is put under. */
export interface Scenario {
  title: string;
  /** A mutation over HTTP, or a subscription over one of the two transports for it. */
  kind: 'answer' | 'sse' | 'ws';
  /** Callers, each with a connection of its own and one call at a time. */
  parallel: number;
  /** How many times the model says `WORD`, one chunk each, and how long it waits between two. */
  words: number;
  paceMs: number;
}

/** What the model says, again and again. Whoever counts it in a body knows how much of the answer has come. */
export const WORD = 'lorem ';

/** The model's name is its whole script, so that nothing else has to reach the upstream. */
export function modelName({ words, paceMs }: Pick<Scenario, 'words' | 'paceMs'>): string {
  return `${words}-words-${paceMs}-ms`;
}

/** What a model of that name does; undefined for any other name. */
export function readModelName(name: string): Pick<Scenario, 'words' | 'paceMs'> | undefined {
  const [, words, paceMs] = /^(\d{1,6})-words-(\d{1,4})-ms$/.exec(name) ?? [];
  return words === undefined ? undefined : { words: Number(words), paceMs: Number(paceMs) };
}
