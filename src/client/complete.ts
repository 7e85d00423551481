import type { Connection } from './connection.ts';
import {
  CompleteDocument,
  type CompleteMutationVariables,
  type CompletionFieldsFragment,
} from './generated/graphql.ts';
import { createPatience } from './patience.ts';
import { request } from './request.ts';
import { SluiceError } from './sluice-error.ts';

/**
 * One completion. Safe to ask for again after a failure of the network: its idempotency key makes it the same one.
 * @throws SluiceError, or the signal's reason.
 */
export async function complete(
  connection: Connection,
  variables: CompleteMutationVariables,
  signal: AbortSignal | undefined,
): Promise<CompletionFieldsFragment> {
  const patience = createPatience(signal);
  for (;;) {
    try {
      const { completionCreate } = await request(connection, CompleteDocument, variables, signal);
      const { completion } = completionCreate;
      const [first, ...rest] = completionCreate.errors;
      if (first) throw new SluiceError([first, ...rest], { completion });
      if (completion) return completion;
      throw new SluiceError([
        { code: 'NO_GRAPHQL', message: 'the answer has neither completion nor errors' },
      ]);
    } catch (error) {
      await patience.wait(error);
    }
  }
}
