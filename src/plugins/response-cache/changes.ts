import { EVERYBODY } from '../../catalog/price-lists.ts';
import type { OutboxKind } from '../../events/outbox.ts';
import type { Gateway } from '../../gateway.ts';
import type { AnswerStore } from './store.ts';

/**
 * Which kept entities an event changes, by its subject. An event that does not stand here may have changed anything of
 * its organisation.
 */
const CHANGED_BY: Partial<Record<OutboxKind, (subjectId: string) => string[]>> = {
  KEY_CHANGED: (id) => [`ApiKey:${id}`],
  // Told by those who keep them, when they have read them: what is answered before that is still the old.
  ASK_FIRST_CHANGED: () => [],
  MODELS_CHANGED: () => [],
  PRICES_CHANGED: () => [],
  // What they change is in no answer that is kept.
  ACCESS_REQUEST_CHANGED: () => [],
  ALERT_RAISED: () => [],
  BUDGET_CHANGED: () => [],
  CANCEL_REQUESTED: () => [],
  COMPLETION_SETTLED: () => [],
  LEDGER_CORRECTED: () => [],
  LIMITS_CHANGED: () => [],
  OPERATIONS_CHANGED: () => [],
  // Which version of a prompt has answered is part of what an answer is kept under.
  PROMPT_CHANGED: () => [],
  ROUTE_CHANGED: () => [],
};

/** Lets go of what is not true any more, whichever instance has changed it. */
export function followChanges(
  { relay, prices, askFirst, modelSetting }: Pick<Gateway, 'relay' | 'prices' | 'askFirst' | 'modelSetting'>,
  store: AnswerStore,
): void {
  const change = (organisationId: string, entities: string[] | undefined) =>
    store.change({ organisationId: organisationId === EVERYBODY ? undefined : organisationId, entities });
  relay.listen(({ kind, organisationId, subjectId }) => {
    const entities = CHANGED_BY[kind]?.(subjectId);
    if (entities?.length !== 0) change(organisationId, entities);
  });
  askFirst.listen((organisationId) => change(organisationId, undefined));
  modelSetting.book.listen((organisationId) => change(organisationId, undefined));
  prices.book.listen((organisationId) => change(organisationId, ['Model', 'Price']));
}
