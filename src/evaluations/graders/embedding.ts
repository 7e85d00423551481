import { z } from 'zod';
import type { AskMessage } from '../../domain/ask.ts';
import { verdict, type GraderKind } from './grader-kind.ts';
import { pointer } from './pointer.ts';
import { readExpected, readText, toText } from './read-answer.ts';

const MODEL_MAX = 256;
const PLACES = 3;

/** How near the meaning of the answer is to what is expected, as an embedding model sees it. */
export const embedding: GraderKind<'EMBEDDING'> = {
  type: 'EMBEDDING',
  key: 'embedding',
  threshold: 0.8,
  needsExpected: true,
  settings: z.strictObject({
    path: pointer.optional(),
    model: z.string().min(1).max(MODEL_MAX),
  }) as GraderKind<'EMBEDDING'>['settings'],
  async grade({ path, model }, { output, expected: given }, { ask }, signal) {
    const embed = async (texts: readonly string[]) => {
      const messages = texts.map(toMessage);
      const question = { model, messages, outputSchema: undefined, params: {}, embeds: true } as const;
      const { id: completionId, outcome } = await ask(question, signal);
      return { completionId, outcome };
    };
    const read = readText(output, path);
    if ('fault' in read) return verdict(false, read.fault);
    const texts = [read.value, toText(readExpected(given, path))];
    const blank = texts.findIndex((text) => text.trim() === '');
    if (blank >= 0) return verdict(false, `${blank === 0 ? 'the answer' : 'what is expected'} is empty`);
    let { completionId, outcome } = await embed(texts);
    // Vectors are stored nowhere: what another process asked for has to be asked for again, in words of its own.
    if (outcome && !outcome.failure && !outcome.vectors)
      ({ completionId, outcome } = await embed(texts.toReversed()));
    const [one, other] = outcome?.vectors ?? [];
    if (!one || !other || one.length !== other.length) {
      const why = outcome?.failure?.message ?? 'no vectors that can be compared came of it';
      return { ...verdict(false, `the embedding model did not answer: ${why}`), completionId };
    }
    const similarity = cosine(one, other);
    // What points the other way is no nearer than what has nothing to do with it.
    const score = Math.min(1, Math.max(0, similarity));
    return { score, reason: `the cosine of both is ${similarity.toFixed(PLACES)}`, completionId };
  },
};

function toMessage(text: string): AskMessage {
  return { role: 'USER', parts: [{ type: 'text', text }] };
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, place) => sum + value * (y[place] ?? 0), 0);
  const lengths = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  const similarity = dot(a, b) / lengths;
  // Of nothing, or of numbers beyond all bounds.
  return Number.isFinite(similarity) ? similarity : 0;
}
