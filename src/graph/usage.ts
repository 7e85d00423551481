import { visibilityOf } from '../db/visibility.ts';
import { GRANULARITIES } from '../usage/dimensions.ts';
import { EXPORT_FORMATS, exportUsage } from '../usage/export.ts';
import { reportUsage, type UsageAsk, type UsageReport as Report } from '../usage/report.ts';
import type { UsageBucket as Bucket } from '../usage/totals.ts';
import { builder } from './builder.ts';
import { DateTimeRange, withoutNull, type WithoutNull } from './inputs.ts';
import { Tag } from './tag.ts';
import { selectsPercentiles, UsageDimension, UsageFilter, UsageGroup, UsageTotals } from './usage-totals.ts';

const USAGE_COST = 20;

const Granularity = builder.enumType('Granularity', {
  description: 'Those of the calendar of a time zone; weeks begin on Monday.',
  values: GRANULARITIES,
});
const ExportFormat = builder.enumType('ExportFormat', { values: EXPORT_FORMATS });

const UsageBucket = builder.objectRef<Bucket>('UsageBucket').implement({
  fields: (t) => ({
    start: t.field({ type: 'DateTime', resolve: ({ start }) => start }),
    key: t.field({ type: [Tag], resolve: ({ key }) => key }),
    totals: t.field({ type: UsageTotals, resolve: ({ totals }) => totals }),
  }),
});
const UsageReport = builder.objectRef<Report>('UsageReport').implement({
  description:
    'What was settled in the range. All of it is read at one moment, and adds up to what the journal says.',
  fields: (t) => ({
    total: t.field({ type: UsageTotals, resolve: ({ total }) => total }),
    groups: t.field({ type: [UsageGroup], resolve: ({ groups }) => groups }),
    series: t.field({ type: [UsageBucket], resolve: ({ series }) => series }),
    asOf: t.field({ type: 'DateTime', resolve: ({ asOf }) => asOf }),
  }),
});

builder.queryFields((t) => {
  const args = {
    range: t.arg({ type: DateTimeRange, required: true, description: 'By settlement.' }),
    granularity: t.arg({ type: Granularity, defaultValue: 'DAY', description: 'Null for no series.' }),
    groupBy: t.arg({ type: [UsageDimension] }),
    filter: t.arg({ type: UsageFilter }),
    timeZone: t.arg.string({ defaultValue: 'UTC', description: 'Whose days are meant: "Europe/Berlin".' }),
  };
  return {
    usage: t.field({
      type: UsageReport,
      complexity: USAGE_COST,
      args,
      resolve: (_root, given, { gateway, who }, info) =>
        reportUsage(
          gateway.database.db,
          visibilityOf(who),
          toAsk(withoutNull(given), selectsPercentiles(info)),
        ),
    }),
    usageExport: t.string({
      description: 'The same as a table: CSV by RFC 4180 with a heading, or a JSON array of objects.',
      complexity: USAGE_COST,
      args: { ...args, format: t.arg({ type: ExportFormat, required: true }) },
      resolve: async (_root, { format, ...given }, { gateway, who }) => {
        const ask = toAsk(withoutNull(given), true);
        return exportUsage(await reportUsage(gateway.database.db, visibilityOf(who), ask), ask, format);
      },
    }),
  };
});

type Given = WithoutNull<{
  range: typeof DateTimeRange.$inferInput;
  granularity?: UsageAsk['granularity'] | null;
  groupBy?: UsageAsk['groupBy'][number][] | null;
  filter?: typeof UsageFilter.$inferInput | null;
  timeZone?: string | null;
}>;

function toAsk({ range, granularity, groupBy, filter, timeZone }: Given, withHistograms: boolean): UsageAsk {
  return {
    range: { from: range.from, to: range.to },
    granularity,
    groupBy: [...new Set(groupBy)],
    filter: filter ?? {},
    timeZone: timeZone ?? 'UTC',
    withHistograms,
  };
}
