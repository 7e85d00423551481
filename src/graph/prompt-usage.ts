import { NEVER_USED, type PromptUsage as UsageRow } from '../ledger/prompt-usage.ts';
import { builder } from './builder.ts';
import { Money, toMoney } from './money.ts';
import { PromptVersion } from './prompt.ts';

/** What is asked for most: has anybody used it this month? */
const DEFAULT_MS = 30 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;

const PromptUsage = builder.objectRef<UsageRow>('PromptUsage').implement({
  description: 'Completions that the viewer may see.',
  fields: (t) => ({
    completions: t.field({ type: 'SafeInt', resolve: ({ completions }) => completions }),
    lastUsedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ lastUsedAt }) => lastUsedAt }),
    cost: t.field({ type: Money, nullable: true, resolve: ({ costNanos }) => toMoney(costNanos) }),
    unpriced: t.field({
      type: 'SafeInt',
      description: 'How many have no known cost.',
      resolve: ({ unpriced }) => unpriced,
    }),
  }),
});

builder.objectField(PromptVersion, 'usage', (t) =>
  t.field({
    type: PromptUsage,
    description: 'How it was used.',
    args: { since: t.arg({ type: 'DateTime', description: '30 days ago, unless given.' }) },
    complexity: 5,
    resolve: async ({ id, promptId }, { since }, { loaders }) => {
      // By the hour, so that all versions of an operation are counted in one read.
      const start = since ?? new Date(Math.floor((Date.now() - DEFAULT_MS) / HOUR_MS) * HOUR_MS);
      return (await loaders.promptUsage(start).load({ id, promptId })) ?? NEVER_USED;
    },
  }),
);
