import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';
import { USAGE_DIMENSIONS } from '../usage/dimensions.ts';
import { percentileOf } from '../usage/histogram.ts';
import type { UsageGroup as Group, UsageTotals as Totals } from '../usage/totals.ts';
import { builder } from './builder.ts';
import { CompletionOrigin, CompletionStatus } from './completion.ts';
import { StringFilter, TagInput } from './inputs.ts';
import { Money } from './money.ts';
import { Tag } from './tag.ts';
import { TokenUsage } from './token-usage.ts';

export const UsageDimension = builder.enumType('UsageDimension', {
  description:
    'TAG counts a completion once under each of its tags; PROMPT is the slug of what wrote its messages.',
  values: USAGE_DIMENSIONS,
});

export const UsageFilter = builder.inputType('UsageFilter', {
  description: 'Every given member must hold.',
  fields: (t) => ({
    teamId: t.id(),
    keyId: t.id(),
    model: t.field({ type: StringFilter }),
    provider: t.field({ type: StringFilter }),
    status: t.field({ type: [CompletionStatus] }),
    endUserId: t.field({ type: StringFilter }),
    prompt: t.field({ type: StringFilter, description: 'By slug.' }),
    tag: t.field({ type: TagInput }),
    origin: t.field({
      type: [CompletionOrigin],
      description: 'CALLER, unless given or grouped by. The others are there for admins only.',
    }),
  }),
});

export const UsageTotals = builder.objectRef<Totals>('UsageTotals').implement({
  description: 'Percentiles are within 5 % of the true time, and null where nothing was measured.',
  fields: (t) => {
    const percentile = (times: 'firstTokenMs' | 'latencyMs', share: number) =>
      t.int({ nullable: true, resolve: (totals) => percentileOf(totals[times], share) });
    return {
      requests: t.field({ type: 'SafeInt', resolve: ({ requests }) => requests }),
      errors: t.field({
        type: 'SafeInt',
        description: 'Those that failed or were interrupted.',
        resolve: ({ errors }) => errors,
      }),
      cacheHits: t.field({
        type: 'SafeInt',
        description: 'Those for which the provider read a part of the prompt from its cache.',
        resolve: ({ cacheHits }) => cacheHits,
      }),
      tokens: t.field({ type: TokenUsage, resolve: (totals) => totals }),
      cost: t.field({
        type: Money,
        nullable: true,
        description: 'Of all that had a price, with corrections and credits; null when nothing had one.',
        resolve: ({ costNanos, requests, unpricedRequests }) =>
          unpricedRequests > 0 && unpricedRequests >= requests && costNanos === 0n
            ? null
            : { nanos: costNanos },
      }),
      unpricedRequests: t.field({
        type: 'SafeInt',
        description: 'Calls of models without a known price: counted here, not in `cost`.',
        resolve: ({ unpricedRequests }) => unpricedRequests,
      }),
      p50FirstTokenMs: percentile('firstTokenMs', 0.5),
      p95FirstTokenMs: percentile('firstTokenMs', 0.95),
      p99FirstTokenMs: percentile('firstTokenMs', 0.99),
      p50LatencyMs: percentile('latencyMs', 0.5),
      p95LatencyMs: percentile('latencyMs', 0.95),
      p99LatencyMs: percentile('latencyMs', 0.99),
    };
  },
});

export const UsageGroup = builder.objectRef<Group>('UsageGroup').implement({
  fields: (t) => ({
    key: t.field({ type: [Tag], resolve: ({ key }) => key }),
    totals: t.field({ type: UsageTotals, resolve: ({ totals }) => totals }),
  }),
});

const PERCENTILE = /^p\d\d(FirstToken|Latency)Ms$/;

/** Whether a percentile is asked for anywhere below a field: only then are histograms read. */
export function selectsPercentiles({ fieldNodes, fragments }: GraphQLResolveInfo): boolean {
  const seen = new Set<string>();
  const selects = (set: SelectionSetNode | undefined): boolean =>
    (set?.selections ?? []).some((selection) => {
      if (selection.kind === Kind.FIELD)
        return PERCENTILE.test(selection.name.value) || selects(selection.selectionSet);
      if (selection.kind === Kind.INLINE_FRAGMENT) return selects(selection.selectionSet);
      const { value: name } = selection.name;
      if (seen.has(name)) return false;
      seen.add(name);
      return selects(fragments[name]?.selectionSet);
    });
  return fieldNodes.some(({ selectionSet }) => selects(selectionSet));
}
