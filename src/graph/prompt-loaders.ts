import DataLoader from 'dataloader';
import type { RegisteredOperation } from '../access/operations/read.ts';
import type { Database } from '../db/database.ts';
import type { Principal } from '../domain/principal.ts';
import type { LabelRequest, PromptPartial, PromptPartialVersion, PromptVersion } from '../domain/prompt.ts';
import type { Page } from '../ledger/completions.ts';
import { sumPromptUsage, type PromptUsage } from '../ledger/prompt-usage.ts';
import {
  findPromptVersions,
  findVersionsByNumber,
  listPromptVersions,
  readPrompts,
  type LabelledPrompt,
  type VersionKey,
} from '../prompts/rows.ts';
import {
  listPartialUses,
  listPartialVersions,
  readPartials,
  type PartialUse,
} from '../prompts/partial-rows.ts';
import { listProtectedLabels } from '../prompts/protect.ts';
import { readLabelRequests } from '../prompts/request-rows.ts';
import { listOperationsNaming } from './named-prompts.ts';
import { byId, pagesOf, type ById } from './batches.ts';

type VersionOf = Pick<PromptVersion, 'id' | 'promptId'>;

/** Reads of prompts; archived ones too. */
export interface PromptLoaders {
  prompt: ById<LabelledPrompt>;
  promptVersion: ById<PromptVersion>;
  promptVersionOf: DataLoader<VersionKey, PromptVersion | null, string>;
  versionsOfPrompt(page: Page): DataLoader<string, PromptVersion[]>;
  labelRequest: ById<LabelRequest>;
  /** Whether a label of the organisation is protected. */
  isProtectedLabel: DataLoader<string, boolean>;
  partial: ById<PromptPartial>;
  versionsOfPartial(page: Page): DataLoader<string, PromptPartialVersion[]>;
  usesOfPartial: DataLoader<string, PartialUse[]>;
  /** By slug: those that name the prompt. */
  operationsNaming: DataLoader<string, RegisteredOperation[]>;
  promptUsage(since: Date): DataLoader<VersionOf, PromptUsage | undefined, string>;
}

export function createPromptLoaders({ sql, db }: Database, who: Principal): PromptLoaders {
  const { organisationId } = who;
  const usage = new Map<number, ReturnType<PromptLoaders['promptUsage']>>();
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
    labelRequest: byId((ids) => readLabelRequests(sql, organisationId, { ids })),
    isProtectedLabel: new DataLoader(async (labels) => {
      const all = await listProtectedLabels(sql, { organisationId });
      return labels.map((label) => all.includes(label));
    }),
    partial: byId((ids) => readPartials(sql, organisationId, { ids })),
    versionsOfPartial: pagesOf(
      (partialIds, page) => listPartialVersions(sql, partialIds, page),
      ({ partialId }) => partialId,
    ),
    usesOfPartial: new DataLoader(async (ids) => {
      const uses = Map.groupBy(await listPartialUses(sql, organisationId, ids), ({ partialId }) => partialId);
      return ids.map((id) => uses.get(id) ?? []);
    }),
    operationsNaming: new DataLoader((slugs) => listOperationsNaming(db, organisationId, slugs)),
    promptUsage(since) {
      const known = usage.get(since.getTime());
      if (known) return known;
      const loader = new DataLoader<VersionOf, PromptUsage | undefined, string>(
        async (versions) => {
          const used = await sumPromptUsage(db, who, versions, since);
          return versions.map(({ id }) => used.get(id));
        },
        { cacheKeyFn: ({ id }) => id },
      );
      usage.set(since.getTime(), loader);
      return loader;
    },
  };
}
