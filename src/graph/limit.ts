import type { Limit as LimitRow, LimitStanding } from '../domain/limit.ts';
import { findLimit, listLimits } from '../limits/read.ts';
import { isId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import type { GraphContext } from './context.ts';
import { withoutNull } from './inputs.ts';
import { LimitUnit, RateLimitScope } from './limit-enums.ts';

export const Limit = builder.objectRef<LimitRow>('Limit');
builder.node(Limit, {
  description: 'How much may be used of something in any 60 seconds, or at the same time.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { gateway, who }) =>
    ids.map((id) => findLimit(gateway.limitSetting.book, who, id) ?? null),
  fields: (t) => ({
    scope: t.field({ type: RateLimitScope, resolve: ({ scope }) => scope }),
    subjectId: t.id({
      description: '`*`: each subject of the scope has it for itself.',
      resolve: ({ subjectId }) => subjectId,
    }),
    unit: t.field({ type: LimitUnit, resolve: ({ unit }) => unit }),
    max: t.field({ type: 'SafeInt', resolve: ({ max }) => max }),
    remaining: t.field({
      type: 'SafeInt',
      nullable: true,
      description: `What may still be used now; of a limit for each, by the viewer. Null where that depends on what the
viewer asks for.`,
      resolve: async (limit, _args, context) => (await standingOf(limit, context))?.remaining,
    }),
    resetsAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When nothing of it is used any more, if nothing else comes; null where `remaining` is, and for CONCURRENT.',
      resolve: async (limit, _args, context) => {
        const { resetMs } = (await standingOf(limit, context)) ?? {};
        return resetMs === undefined ? null : new Date(Date.now() + resetMs);
      },
    }),
    createdAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Null for one that stands in the config and holds until another is set.',
      resolve: ({ createdAt }) => createdAt,
    }),
  }),
});

function standingOf(limit: LimitRow, { loaders }: GraphContext): Promise<LimitStanding | null> {
  return loaders.limitStanding.load(limit);
}

const LimitConnection = connectionOf('Limit', Limit);

const LimitFilter = builder.inputType('LimitFilter', {
  fields: (t) => ({
    scope: t.field({ type: [RateLimitScope] }),
    subjectId: t.id(),
    unit: t.field({ type: [LimitUnit] }),
  }),
});

builder.queryField('limits', (t) =>
  t.field({
    type: LimitConnection,
    description: 'Those that the viewer may see.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: LimitFilter }) },
    complexity: pageComplexity,
    resolve: (_root, { filter, ...page }, { gateway, who }) => {
      const all = listLimits(gateway.limitSetting.book, who, withoutNull(filter) ?? {});
      return readPage(page, {
        read: ({ first, after }) => all.filter(({ id }) => after === undefined || id < after).slice(0, first),
        cursorOf: ({ id }) => id,
        isCursor: (text) => isId('lim', text),
        count: () => all.length,
      });
    },
  }),
);
