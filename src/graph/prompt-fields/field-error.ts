import { GraphQLError } from 'graphql';
import type { AnsweredPrompt } from './prompt-types.ts';

/**
 * The error of a field that has no errors of its own to answer. Its extensions hold the code that `UserError` has for it,
 * when to try again where that is known, and the completion where a provider was called.
 * @param what the field: `Ticket.summary`.
 */
export function toFieldError(what: string, { completion, errors }: AnsweredPrompt): GraphQLError {
  const [first] = errors;
  if (!first) throw new Error(`${what} has neither an answer nor errors`);
  const { code, retryAfterMs } = first;
  return new GraphQLError(`${what}: ${errors.map(({ message }) => message).join('; ')}`, {
    extensions: {
      code,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(completion && { completionId: completion.id }),
    },
  });
}
