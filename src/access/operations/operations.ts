import type { Database } from '../../db/database.ts';
import type { Relay } from '../../events/relay.ts';
import type { OperationStore } from './register.ts';
import { createOperationRegistry, type OperationRegistry } from './registry.ts';

/** The operations that organisations registered, for whoever runs one and for whoever changes them. */
export interface Operations extends OperationRegistry, OperationStore {}

/** @param options.announceCommit something was just committed here. */
export function createOperations(
  { db, sql }: Pick<Database, 'db' | 'sql'>,
  { relay, announceCommit }: { relay: Pick<Relay, 'listen'>; announceCommit: () => void },
): Operations {
  const registry = createOperationRegistry(db);
  relay.listen(
    ({ kind, organisationId }) => kind === 'OPERATIONS_CHANGED' && registry.forget(organisationId),
  );
  return {
    ...registry,
    sql,
    onChange(organisationId) {
      registry.forget(organisationId);
      announceCommit();
    },
  };
}
