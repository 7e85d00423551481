import type { z } from 'zod';
import type { Ask } from '../../domain/ask.ts';
import type { Completion } from '../../domain/completion.ts';
import type { GraderSettings, GraderType } from '../../domain/evaluation.ts';

/** One answer, with what it was asked for. */
export interface Subject {
  output: {
    text: string;
    /** The parsed answer where there was a schema; undefined: the text is read as JSON where a grader needs that. */
    object: unknown;
  };
  /** Text or any JSON; undefined: nothing is expected. */
  expected: unknown;
  variables: Record<string, unknown>;
}

/** What graders use beside the answer. */
export interface GradeDeps {
  /** Asks a model, at the cost of whoever evaluates. */
  ask(
    question: Pick<Ask, 'model' | 'messages' | 'outputSchema' | 'params' | 'embeds'>,
    signal: AbortSignal,
  ): Promise<Completion>;
}

/** What a grader makes of an answer. */
export interface Verdict {
  /** From 0 to 1. */
  score: number;
  /** For people. */
  reason: string;
  completionId?: string;
}

/** One way to grade. */
export interface GraderKind<Type extends GraderType = GraderType> {
  type: Type;
  /** Its key where graders are given: `{ name: "tone", judge: { … } }`. */
  key: string;
  /** From which score on an answer passes where nobody says. */
  threshold: number;
  /** Whether it can say anything where nothing is expected. */
  needsExpected: boolean;
  /** Reads its settings as they are given. */
  settings: z.ZodType<GraderSettings[Type]>;
  grade(
    settings: GraderSettings[Type],
    subject: Subject,
    deps: GradeDeps,
    signal: AbortSignal,
  ): Verdict | Promise<Verdict>;
}

/** Right or wrong. */
export function verdict(isRight: boolean, reason: string): Verdict {
  return { score: isRight ? 1 : 0, reason };
}
