import { listOperationTexts } from '../access/operations/read.ts';
import type { ISql } from 'postgres';
import { PRODUCTION } from '../domain/prompt.ts';
import { findPromptVersion } from '../prompts/rows.ts';
import type { PromptStore, Publishing } from '../prompts/store.ts';
import type { GraphContext } from './context.ts';
import { checkPublishing, type PublishVerdict } from './prompt-fields/publish-check.ts';

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
export async function openPublishCheck(
  { gateway, graphs, who: { organisationId } }: GraphContext,
  label: string,
): Promise<PublishCheck> {
  const graph = await graphs.find(organisationId, label);
  const shared = Object.entries(gateway.config.operations.documents).map(([id, text]) => ({
    name: /\b(?:query|mutation|subscription)\s+(\w+)/.exec(text)?.[1] ?? id,
    text,
  }));
  return async (sql, { prompt, version }, options) => {
    const number = prompt.labels.get(label) ?? prompt.labels.get(PRODUCTION);
    const key = number === undefined ? undefined : { promptId: prompt.id, number };
    const before = key && (await findPromptVersion(sql, organisationId, key));
    const registered = await listOperationTexts(sql, organisationId);
    const operations = [...registered, ...shared];
    const { statics } = graphs;
    return checkPublishing(statics, { prompt, label, version, before, graph, operations }, options);
  };
}

/**
 * The store, with a look at what is published under a label by it.
 * @param options.force also what breaks registered operations.
 */
export async function openPublishing(
  context: GraphContext,
  { label, force }: { label: string; force: boolean },
): Promise<{ store: PromptStore; changes(): PublishVerdict['changes'] }> {
  const { prompts: store } = context.gateway;
  const check = await openPublishCheck(context, label);
  let changes: PublishVerdict['changes'] = [];
  const checkPublishable: PromptStore['checkPublishable'] = async (tx, publishing) => {
    const verdict = await check(tx, publishing, { force });
    changes = verdict.changes;
    if (verdict.refusal) throw verdict.refusal;
  };
  return { store: { ...store, checkPublishable }, changes: () => changes };
}
