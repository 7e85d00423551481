import type { Principal } from '../domain/principal.ts';
import { ApiKey, Scope } from './api-key.ts';
import { subjectsOfKey } from '../ledger/budgets/read.ts';
import { subjectsOfCaller } from '../limits/read.ts';
import { Budget } from './budget.ts';
import { builder } from './builder.ts';
import { Limit } from './limit.ts';
import { Organisation } from './organisation.ts';
import { Team } from './team.ts';
import { User } from './user.ts';

export const Viewer = builder.objectRef<Principal>('Viewer').implement({
  description: 'Who is asking.',
  fields: (t) => ({
    key: t.field({
      type: ApiKey,
      nullable: true,
      resolve: ({ keyId }, _args, { loaders }) => loaders.key.load(keyId),
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'Who asks without a key; null for the holder of one.',
      resolve: ({ keyId }, _args, { loaders }) => loaders.user.load(keyId),
    }),
    team: t.field({
      type: Team,
      nullable: true,
      resolve: ({ teamId }, _args, { loaders }) => loaders.team.load(teamId),
    }),
    budgets: t.field({
      type: [Budget],
      description: 'Those that hold for every request of this key: on itself, its team and its organisation.',
      resolve: async (who, _args, { loaders }) =>
        (await Promise.all(subjectsOfKey(who).map((subject) => loaders.budgetsOn.load(subject)))).flat(),
    }),
    limits: t.field({
      type: [Limit],
      description:
        'Those that hold for every request from here: on the key, its team and organisation, its end user and its address.',
      resolve: (who, _args, { gateway, ip }) => gateway.limits.matching(subjectsOfCaller(who, ip)),
    }),
    organisation: t.field({
      type: Organisation,
      nullable: true,
      resolve: ({ organisationId }, _args, { loaders }) => loaders.organisation.load(organisationId),
    }),
    organisationId: t.exposeID('organisationId', { description: 'For a budget on the whole organisation.' }),
    scopes: t.field({ type: [Scope], resolve: ({ scopes }) => [...scopes] }),
  }),
});

builder.queryField('viewer', (t) => t.field({ type: Viewer, resolve: (_root, _args, { who }) => who }));
