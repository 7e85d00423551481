import type { ISql } from 'postgres';
import { listOperationTexts } from '../access/operations/read.ts';
import { PRODUCTION } from '../domain/prompt.ts';
import { findPromptVersion } from '../prompts/rows.ts';
import type { PromptStore, Publishing } from '../prompts/store.ts';
import type { GraphContext } from './context.ts';
import { checkPublishing, type NoticedChange, type PublishVerdict } from './prompt-fields/publish-check.ts';

/** An argument of whatever may take something out of the graph. */
export const FORCE = { defaultValue: false, description: 'Does also what breaks registered operations.' };

/** Looks at what publishing does to the graph. */
export type PublishCheck = (
  sql: ISql,
  publishing: Publishing,
  options: { force: boolean },
) => Promise<PublishVerdict>;

/**
 * What others have in the graph is read before; the rest is read when it is checked, in the transaction that publishes, so
 * that it holds when that is committed.
 */
export async function openPublishCheck({
  gateway,
  graphs,
  who: { organisationId },
}: GraphContext): Promise<PublishCheck> {
  const { statics } = graphs;
  const graph = await graphs.find(organisationId);
  const shared = Object.entries(gateway.config.operations.documents).map(([id, text]) => ({
    name: /\b(?:query|mutation|subscription)\s+(\w+)/.exec(text)?.[1] ?? id,
    text,
  }));
  return async (sql, { prompt, label, version }, options) => {
    const find = async (number: number | undefined) =>
      number === undefined
        ? undefined
        : findPromptVersion(sql, organisationId, { promptId: prompt.id, number });
    const published = prompt.labels.get(PRODUCTION);
    const before = await find(prompt.labels.get(label) ?? published);
    const after = version ?? (label === PRODUCTION ? undefined : await find(published));
    const operations = [...(await listOperationTexts(sql, organisationId)), ...shared];
    return checkPublishing(statics, { prompt, label, before, after, graph, operations }, options);
  };
}

/** The store, with a look at what is published by it. */
export async function checking(
  context: GraphContext,
  force: boolean | null | undefined,
): Promise<{ store: PromptStore; changes(): NoticedChange[] }> {
  const check = await openPublishCheck(context);
  const { prompts: store } = context.gateway;
  let changes: NoticedChange[] = [];
  const checkPublishable: PromptStore['checkPublishable'] = async (tx, publishing) => {
    await store.checkPublishable(tx, publishing);
    const verdict = await check(tx, publishing, { force: force ?? false });
    changes = verdict.changes;
    if (verdict.refusal) throw verdict.refusal;
  };
  return { store: { ...store, checkPublishable }, changes: () => changes };
}
