import type { PromptPlace } from './check-prompt.ts';
import type { PromptVersion } from '../domain/prompt.ts';
import type { PromptChange } from './diff.ts';
import type { LabelledPrompt } from './rows.ts';
import type { WantedSpec } from './spec.ts';

/** A partial as it is wanted. */
export interface WantedPartial {
  name: string;
  template: string;
  note: string | undefined;
  /** Where it stands in the input, for faults. */
  at: string[];
}

/** A prompt as it is wanted. */
export interface WantedPrompt {
  slug: string;
  /** Undefined: it stays what it is. */
  place: PromptPlace | undefined;
  version: WantedSpec;
  note: string | undefined;
  /** Where it stands in the input, for faults. */
  at: string[];
  /**
   * NEW: there is none yet. NEXT: there is one, which gets another version whatever that says. SAYING: either, and what it
   * says already makes no version.
   */
  how: 'NEW' | 'NEXT' | 'SAYING';
}

/** What somebody has seen before: another version than this, and nothing is changed. */
export interface Expectation {
  slug: string | undefined;
  /** The name of a partial, where there is no slug. */
  partial: string | undefined;
  /** 0: that there is none. */
  version: number;
}

/** What is wanted of the prompts and partials of an organisation, all of it or nothing. */
export interface WantedChanges {
  partials: readonly WantedPartial[];
  prompts: readonly WantedPrompt[];
  /** Slugs. */
  archive: readonly string[];
  /** Is to stand for the newest version of each of these prompts. */
  label: string | undefined;
  expected: readonly Expectation[];
  /** Tells what would be done, or what is wrong with it, and changes nothing. */
  dryRun: boolean;
}

export const PROMPT_ACTIONS = ['CREATED', 'CHANGED', 'ARCHIVED', 'UNCHANGED'] as const;

/** What becomes of one prompt or partial. */
interface Edit {
  action: (typeof PROMPT_ACTIONS)[number];
  /** The number of its newest version as it was; 0 for none. */
  version: number;
  changes: PromptChange[];
}

export interface PartialEdit extends Edit {
  partial: WantedPartial;
  /** Undefined for one that is new. */
  id: string | undefined;
}

export interface PromptEdit extends Edit {
  /** As it was; of a new one, as it begins: without a version. */
  prompt: LabelledPrompt;
  /** The version that is made; undefined: none. */
  next: PromptVersion | undefined;
  /** What it becomes, where that is another one. */
  place: PromptPlace | undefined;
  /** Where the label goes; undefined: nowhere. */
  move: LabelEdit | undefined;
}

/** What becomes of the label of a prompt. */
export interface LabelEdit {
  label: string;
  /** The version that it stood for; undefined: it was not there. */
  from: number | undefined;
  to: number;
  /** Somebody else is to agree. */
  isProtected: boolean;
  note: string | undefined;
  /** What they decide on, once it was asked for. */
  requestId?: string | undefined;
}

/** In the order in which it is done. */
export interface Edits {
  partials: PartialEdit[];
  prompts: PromptEdit[];
}
