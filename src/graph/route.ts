import { judgeModel } from '../access/authorize.ts';
import type { ShadowCounts } from '../completion/shadows.ts';
import { isRouteName, type Route as RouteRow, type RouteVersion as VersionRow } from '../domain/route.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { ModelAccess } from './model.ts';
import { RouteSettings, RouteTarget } from './route-settings.ts';

const RouteVersion = builder.objectRef<VersionRow>('RouteVersion').implement({
  description: 'What a route said from a moment on. No version ever changes.',
  interfaces: [RouteSettings],
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 1 on.' }),
    note: t.string({ nullable: true, resolve: ({ note }) => note }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    createdBy: t.node({
      description: 'The key or user; null where the viewer may not see it.',
      id: ({ createdBy }) => createdBy,
    }),
  }),
});
const RouteVersionConnection = connectionOf('RouteVersion', RouteVersion);

const RouteShadowCounts = builder.objectRef<ShadowCounts>('RouteShadowCounts').implement({
  description:
    'What became of the copies that were to be made, on the instance that answers, since its start.',
  fields: (t) => ({
    copied: t.exposeInt('copied', { description: 'Those that were let in.' }),
    dropped: t.exposeInt('dropped', { description: 'Too many were under way, or they were refused.' }),
    lastDropped: t.string({
      nullable: true,
      description: 'Why the last one was not made.',
      resolve: ({ lastDropped }) => lastDropped,
    }),
  }),
});

export const Route = builder.objectRef<RouteRow>('Route');
builder.node(Route, {
  description: `A name that callers give instead of a model’s, and what stands behind it: models and other routes, in an order that
each request is given anew. A completion keeps the version that it began with.`,
  interfaces: [RouteSettings],
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { gateway, who }) =>
    ids.map((id) => gateway.routes.book.findById(who.organisationId, id) ?? null),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Without a slash.' }),
    version: t.exposeInt('version', { description: 'From 1 on. Each change is a version.' }),
    access: t.field({
      type: ModelAccess,
      description: 'Whether the viewer may ask for it.',
      resolve: ({ name }, _args, { gateway, who }) => judgeModel(gateway.askFirst, who, name),
    }),
    versions: t.field({
      type: RouteVersionConnection,
      description: 'All there were, the last one first.',
      args: { ...pageArgs(t.arg) },
      complexity: pageComplexity,
      resolve: ({ id }, args, { loaders }) =>
        readPage(args, {
          read: (page) => loaders.versionsOfRoute(page).load(id),
          cursorOf: ({ number }) => String(number),
          isCursor: (text) => /^\d{1,9}$/.test(text),
          count: () => loaders.routeVersionCount.load(id),
        }),
    }),
    shadowCounts: t.field({
      type: RouteShadowCounts,
      resolve: ({ id }, _args, { gateway }) => gateway.runs.shadowCounts(id),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    updatedAt: t.field({ type: 'DateTime', resolve: ({ updatedAt }) => updatedAt }),
    updatedBy: t.node({
      description: 'The key or user that made this version; null where the viewer may not see it.',
      id: ({ updatedBy }) => updatedBy,
    }),
  }),
});

builder.objectField(RouteTarget, 'route', (t) =>
  t.field({
    type: Route,
    nullable: true,
    description: 'Null where the target is a model.',
    resolve: ({ model: name }, _args, { gateway, who }) =>
      isRouteName(name) ? gateway.routes.book.find(who.organisationId, name) : null,
  }),
);

const RouteConnection = connectionOf('Route', Route);

builder.queryFields((t) => ({
  routes: t.field({
    type: RouteConnection,
    description: 'Those of the organisation, by name.',
    args: { ...pageArgs(t.arg) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const all = gateway.routes.book.list(who.organisationId);
      return readPage(args, {
        read: ({ first, after }) =>
          all.filter(({ name }) => after === undefined || name > after).slice(0, first),
        cursorOf: ({ name }) => name,
        isCursor: (text) => text !== '' && isRouteName(text),
        count: () => all.length,
      });
    },
  }),
  route: t.field({
    type: Route,
    nullable: true,
    args: { name: t.arg.string({ required: true }) },
    resolve: (_root, { name }, { gateway, who }) => gateway.routes.book.find(who.organisationId, name),
  }),
}));
