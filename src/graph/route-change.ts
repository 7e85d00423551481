import { diffSpecs, ROUTE_CHANGE_KINDS, type RouteChange as ChangeRow } from '../routing/diff.ts';
import { ROUTE_ACTIONS, type RouteEdit as EditRow } from '../routing/edit.ts';
import { findVersion } from '../routing/rows.ts';
import { builder } from './builder.ts';

const RouteChangeKind = builder.enumType('RouteChangeKind', { values: ROUTE_CHANGE_KINDS });
const RouteAction = builder.enumType('RouteAction', { values: ROUTE_ACTIONS });

const RouteChange = builder.objectRef<ChangeRow>('RouteChange').implement({
  description: 'One difference between two versions of a route.',
  fields: (t) => ({
    kind: t.field({ type: RouteChangeKind, resolve: ({ kind }) => kind }),
    path: t.exposeStringList('path', {
      description: `Where, by the names of \`RouteSetInput\`: ["repairs"], ["canary", "steps", "0", "percent"], or ["targets", "0",
"weight"] by the place in the later version; of a target that is gone, in the earlier one.`,
    }),
    before: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Null where nothing was said.',
      resolve: ({ before }) => before,
    }),
    after: t.field({ type: 'JSON', nullable: true, resolve: ({ after }) => after }),
  }),
});

export const RouteEdit = builder.objectRef<EditRow>('RouteEdit').implement({
  description: 'What becomes, or would become, of one route.',
  fields: (t) => ({
    name: t.exposeString('name'),
    action: t.field({ type: RouteAction, resolve: ({ action }) => action }),
    version: t.int({
      description: 'The one that there was before; 0 for none.',
      resolve: ({ before }) => before?.version ?? 0,
    }),
    changes: t.field({
      type: [RouteChange],
      description: 'Empty for one that is deleted.',
      resolve: ({ changes }) => changes,
    }),
  }),
});

builder.queryField('routeDiff', (t) =>
  t.field({
    type: [RouteChange],
    nullable: true,
    description:
      'What a route says differently in one version than in another; also one that was deleted. Null where there is no such version.',
    args: {
      name: t.arg.string({ required: true }),
      from: t.arg.int({ required: true }),
      to: t.arg.int({ required: true }),
    },
    resolve: async (_root, { name, from, to }, { gateway, who }) => {
      const { sql } = gateway.routes;
      const [before, after] = await Promise.all(
        [from, to].map((number) => findVersion(sql, who.organisationId, { name, number })),
      );
      return before && after ? diffSpecs(before, after) : null;
    },
  }),
);
