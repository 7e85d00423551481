import { InvalidInput } from '../domain/errors.ts';
import { fromTickCursor, toTickCursor } from '../usage/tick-cursor.ts';
import { tickUsage, type UsageTick as Tick } from '../usage/ticks.ts';
import { builder } from './builder.ts';
import { withoutNull } from './inputs.ts';
import { UsageDimension, UsageFilter, UsageGroup, UsageTotals } from './usage-totals.ts';

const EVERY_MS = { least: 100, most: 60_000, standard: 1_000 };

const UsageTick = builder.objectRef<Tick>('UsageTick').implement({
  fields: (t) => ({
    cursor: t.field({
      type: 'Cursor',
      description: 'Hand back as `after` to go on from here.',
      resolve: ({ position }) => toTickCursor(position),
    }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    delta: t.field({ type: UsageTotals, resolve: ({ delta }) => delta }),
    groups: t.field({ type: [UsageGroup], resolve: ({ groups }) => groups }),
  }),
});

builder.subscriptionField('usageTicks', (t) =>
  t.field({
    type: UsageTick,
    description: `Live usage: what was settled since the last tick, at most one tick each \`everyMs\`, none while nothing settles.
After a lost connection subscribe again with \`after: <last cursor>\`: nothing is missed and nothing counted twice, for as long
as the outbox is kept, which is an hour.`,
    complexity: 20,
    args: {
      filter: t.arg({ type: UsageFilter }),
      groupBy: t.arg({ type: [UsageDimension] }),
      everyMs: t.arg.int({
        defaultValue: EVERY_MS.standard,
        description: `From ${EVERY_MS.least} to ${EVERY_MS.most}.`,
      }),
      after: t.arg({ type: 'Cursor' }),
    },
    subscribe: (_root, { filter, groupBy, everyMs, after }, { gateway, who, signal }) => {
      const ask = {
        filter: withoutNull(filter) ?? {},
        groupBy: [...new Set(groupBy)],
        everyMs: ensureEveryMs(everyMs ?? EVERY_MS.standard),
        after: after == null ? undefined : fromTickCursor(after),
      };
      return tickUsage({ db: gateway.database.db, feed: gateway.usageFeed }, who, ask, signal);
    },
    resolve: (tick) => tick,
  }),
);

function ensureEveryMs(ms: number): number {
  if (ms >= EVERY_MS.least && ms <= EVERY_MS.most) return ms;
  const message = `everyMs is ${ms}; it must be from ${EVERY_MS.least} to ${EVERY_MS.most}`;
  throw new InvalidInput([{ path: ['everyMs'], message }]);
}
