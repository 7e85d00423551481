import DataLoader from 'dataloader';
import type { ISql } from 'postgres';
import type { Principal } from '../domain/principal.ts';
import type { PromptVersion } from '../domain/prompt.ts';
import type { Page } from '../ledger/completions.ts';
import {
  findPromptVersions,
  findVersionsByNumber,
  listPromptVersions,
  readPrompts,
  type LabelledPrompt,
  type VersionKey,
} from '../prompts/rows.ts';
import { byId, pagesOf, type ById } from './batches.ts';

/** Reads of prompts; archived ones too. */
export interface PromptLoaders {
  prompt: ById<LabelledPrompt>;
  promptVersion: ById<PromptVersion>;
  promptVersionOf: DataLoader<VersionKey, PromptVersion | null, string>;
  versionsOfPrompt(page: Page): DataLoader<string, PromptVersion[]>;
}

export function createPromptLoaders(sql: ISql, { organisationId }: Principal): PromptLoaders {
  const keyOf = ({ promptId, number }: VersionKey) => `${promptId} ${number}`;
  return {
    prompt: byId((ids) => readPrompts(sql, organisationId, { ids })),
    promptVersion: byId((ids) => findPromptVersions(sql, organisationId, ids)),
    promptVersionOf: new DataLoader(
      async (keys) => {
        const rows = await findVersionsByNumber(sql, organisationId, keys);
        const found = new Map(rows.map((version) => [keyOf(version), version]));
        return keys.map((key) => found.get(keyOf(key)) ?? null);
      },
      { cacheKeyFn: keyOf },
    ),
    versionsOfPrompt: pagesOf(
      (promptIds, page) => listPromptVersions(sql, promptIds, page),
      ({ promptId }) => promptId,
    ),
  };
}
