import type { Render } from '../completion/complete.ts';
import { createPromptBook } from '../prompts/book.ts';
import { renderAsk } from '../prompts/render.ts';
import type { PromptStore } from '../prompts/store.ts';
import type { Store } from './open-store.ts';

/** Prompts, and what they write. */
export interface Prompts {
  prompts: PromptStore;
  render: Render;
}

export function openPrompts({ database: { sql }, relay, announceCommit }: Store): Prompts {
  const book = createPromptBook(sql);
  relay.listen(({ kind, organisationId }) => kind === 'PROMPT_CHANGED' && book.forget(organisationId));
  return {
    prompts: { sql, book, onChange: announceCommit },
    render(who, draft) {
      if (!('promptRef' in draft)) return draft;
      const records = who.recordsPrompts === true && draft.promptRef.record !== false;
      return book
        .ensure(who.organisationId, draft.promptRef)
        .then((version) => renderAsk(version, draft, records));
    },
  };
}
