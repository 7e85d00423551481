import { USAGE_SOURCES, type Usage } from '../domain/completion.ts';
import { builder } from './builder.ts';

const UsageSource = builder.enumType('UsageSource', {
  description: 'REPORTED by the provider, ESTIMATED by our tokenizer, or NONE: there was nothing to count.',
  values: USAGE_SOURCES,
});

export const TokenUsage = builder
  .objectRef<Omit<Usage, 'source'> & { source?: Usage['source'] }>('TokenUsage')
  .implement({
    description:
      'Tokens. `input` includes those read from and written to the provider’s cache; `output` includes reasoning.',
    fields: (t) => ({
      input: t.field({ type: 'SafeInt', resolve: ({ input }) => input }),
      output: t.field({ type: 'SafeInt', resolve: ({ output }) => output }),
      cacheRead: t.field({ type: 'SafeInt', resolve: ({ cacheRead }) => cacheRead }),
      cacheWrite: t.field({ type: 'SafeInt', resolve: ({ cacheWrite }) => cacheWrite }),
      reasoning: t.field({ type: 'SafeInt', resolve: ({ reasoning }) => reasoning }),
      total: t.field({ type: 'SafeInt', resolve: ({ input, output }) => input + output }),
      source: t.field({
        type: UsageSource,
        nullable: true,
        description: 'Null for a sum.',
        resolve: ({ source }) => source,
      }),
    }),
  });
