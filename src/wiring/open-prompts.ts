import { ensureOtherHand, ensureRequesterIsThere } from '../access/requests/requester.ts';
import type { Render } from '../completion/complete.ts';
import { ensureEvaluated } from '../evaluations/ensure-evaluated.ts';
import { ModelUnavailable } from '../domain/errors.ts';
import { isRouteName } from '../domain/route.ts';
import { createPromptBook } from '../prompts/book.ts';
import { renderPrompt } from '../prompts/render.ts';
import type { PromptStore } from '../prompts/store.ts';
import type { Models } from './open-models.ts';
import type { Routes } from './open-routes.ts';
import type { Store } from './open-store.ts';

/** Prompts, and what they write. */
export interface Prompts {
  prompts: PromptStore;
  render: Render;
}

export function openPrompts(parts: Store & Pick<Models, 'catalog'> & Pick<Routes, 'routes'>): Prompts {
  const {
    database: { sql, db },
    relay,
    announceCommit,
  } = parts;
  const book = createPromptBook(sql);
  relay.listen(
    ({ kind, organisationId }) =>
      (kind === 'PROMPT_CHANGED' || kind === 'TRIAL_CHANGED') && book.forget(organisationId),
  );
  return {
    prompts: {
      sql,
      book,
      findModelFault: createModelCheck(parts),
      checkPublishable: ensureEvaluated,
      async ensureMayDecide(who, requesterId) {
        await ensureRequesterIsThere(db, requesterId);
        await ensureOtherHand(sql, who, requesterId);
      },
      onChange: announceCommit,
    },
    render(who, draft) {
      if (!('promptRef' in draft)) return draft;
      return renderPrompt(book, who, draft);
    },
  };
}

function createModelCheck({
  catalog,
  routes: { book, isAlias },
}: Pick<Models, 'catalog'> & Pick<Routes, 'routes'>): PromptStore['findModelFault'] {
  return (organisationId, name) => {
    if (isAlias(organisationId, name)) return undefined;
    if (isRouteName(name) && book.find(organisationId, name)) return undefined;
    try {
      catalog.ensureModel(name);
      return undefined;
    } catch (error) {
      if (error instanceof ModelUnavailable) return `cannot answer: ${error.message}`;
      throw error;
    }
  };
}
