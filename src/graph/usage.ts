import { InvalidInput } from '../domain/errors.ts';
import {
  GRANULARITIES,
  reportUsage,
  USAGE_DIMENSIONS,
  type UsageBucket,
  type UsageGroup,
  type UsageReport as Report,
  type UsageTotals as Totals,
} from '../ledger/usage.ts';
import { tickUsage, type UsageTick as Tick } from '../ledger/usage-ticks.ts';
import { builder } from './builder.ts';
import { Tag, TokenUsage } from './completion.ts';
import { DateTimeRange, StringFilter, TagInput, withoutNull } from './inputs.ts';
import { Money } from './money.ts';

const Granularity = builder.enumType('Granularity', {
  description: 'UTC; weeks begin on Monday.',
  values: GRANULARITIES,
});
const UsageDimension = builder.enumType('UsageDimension', {
  description: 'TAG counts a completion once under each of its tags.',
  values: USAGE_DIMENSIONS,
});

const UsageTotals = builder.objectRef<Totals>('UsageTotals').implement({
  fields: (t) => ({
    requests: t.field({ type: 'SafeInt', resolve: ({ requests }) => requests }),
    errors: t.field({
      type: 'SafeInt',
      description: 'Those that failed or were interrupted.',
      resolve: ({ errors }) => errors,
    }),
    tokens: t.field({ type: TokenUsage, resolve: (totals) => totals }),
    cost: t.field({
      type: Money,
      nullable: true,
      description: 'Of all that had a price; null when nothing had one.',
      resolve: ({ costNanos, requests, unpriced }) =>
        unpriced > 0 && unpriced === requests ? null : { nanos: costNanos },
    }),
    unpriced: t.field({
      type: 'SafeInt',
      description: 'Completions whose model had no known price: counted here, not in `cost`.',
      resolve: ({ unpriced }) => unpriced,
    }),
    p50FirstTokenMs: t.int({ nullable: true, resolve: ({ p50FirstTokenMs }) => p50FirstTokenMs }),
    p95LatencyMs: t.int({ nullable: true, resolve: ({ p95LatencyMs }) => p95LatencyMs }),
  }),
});

const UsageGroupType = builder.objectRef<UsageGroup>('UsageGroup').implement({
  fields: (t) => ({
    key: t.field({ type: [Tag], resolve: ({ key }) => key }),
    totals: t.field({ type: UsageTotals, resolve: ({ totals }) => totals }),
  }),
});
const UsageBucketType = builder.objectRef<UsageBucket>('UsageBucket').implement({
  fields: (t) => ({
    start: t.field({ type: 'DateTime', resolve: ({ start }) => start }),
    key: t.field({ type: [Tag], resolve: ({ key }) => key }),
    totals: t.field({ type: UsageTotals, resolve: ({ totals }) => totals }),
  }),
});
const UsageReport = builder.objectRef<Report & { asOf: Date }>('UsageReport').implement({
  description: 'What was settled in the range. All of it is read at one moment and adds up.',
  fields: (t) => ({
    total: t.field({ type: UsageTotals, resolve: ({ total }) => total }),
    groups: t.field({ type: [UsageGroupType], resolve: ({ groups }) => groups }),
    series: t.field({ type: [UsageBucketType], resolve: ({ series }) => series }),
    asOf: t.field({ type: 'DateTime', resolve: ({ asOf }) => asOf }),
  }),
});
const UsageTick = builder.objectRef<Tick>('UsageTick').implement({
  fields: (t) => ({
    cursor: t.field({ type: 'Cursor', resolve: ({ position }) => `${position.transaction}.${position.seq}` }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    delta: t.field({ type: UsageTotals, resolve: ({ delta }) => delta }),
    groups: t.field({ type: [UsageGroupType], resolve: ({ groups }) => groups }),
  }),
});

const UsageFilter = builder.inputType('UsageFilter', {
  fields: (t) => ({
    teamId: t.id(),
    keyId: t.id(),
    model: t.field({ type: StringFilter }),
    tag: t.field({ type: TagInput }),
  }),
});

builder.queryField('usage', (t) =>
  t.field({
    type: UsageReport,
    authScopes: { scope: 'USAGE_READ' },
    complexity: 20,
    args: {
      range: t.arg({ type: DateTimeRange, required: true, description: 'By settlement.' }),
      granularity: t.arg({ type: Granularity, defaultValue: 'DAY' }),
      groupBy: t.arg({ type: [UsageDimension] }),
      filter: t.arg({ type: UsageFilter }),
    },
    resolve: async (_root, { range, granularity, groupBy, filter }, { gateway, who }) => {
      const asOf = new Date();
      const span = { from: range.from, to: range.to ?? undefined };
      const report = await reportUsage(gateway.database.db, who, {
        span,
        granularity: granularity ?? undefined,
        groupBy: [...new Set(groupBy)],
        filter: withoutNull(filter) ?? {},
      });
      return { ...report, asOf };
    },
  }),
);

const EVERY_MS = { least: 100, most: 60_000 };

builder.subscriptionField('usageTicks', (t) =>
  t.field({
    type: UsageTick,
    description:
      'Live usage: what was settled since the last tick, at most one tick each `everyMs`, none while nothing settles.',
    authScopes: { scope: 'USAGE_READ' },
    complexity: 20,
    args: {
      filter: t.arg({ type: UsageFilter }),
      groupBy: t.arg({ type: [UsageDimension] }),
      everyMs: t.arg.int({ defaultValue: 1000, description: `From ${EVERY_MS.least} to ${EVERY_MS.most}.` }),
    },
    subscribe: (_root, { filter, groupBy, everyMs }, { gateway, who, signal }) => {
      const ms = everyMs ?? 1000;
      if (ms < EVERY_MS.least || ms > EVERY_MS.most) {
        throw new InvalidInput([
          {
            path: ['everyMs'],
            message: `everyMs is ${ms}; it must be from ${EVERY_MS.least} to ${EVERY_MS.most}`,
          },
        ]);
      }
      const deps = { db: gateway.database.db, relay: gateway.relay };
      return tickUsage(
        deps,
        who,
        { filter: withoutNull(filter) ?? {}, groupBy: [...new Set(groupBy)], everyMs: ms },
        signal,
      );
    },
    resolve: (tick) => tick,
  }),
);
