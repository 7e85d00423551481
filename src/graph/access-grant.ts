import { listGrants, type AccessGrant as GrantRow } from '../access/grants.ts';
import { AccessRequest, AccessRequestKind, amountOf, nodeOf } from './access-request.ts';
import { BudgetAmount } from './budget.ts';
import { builder } from './builder.ts';
import { Viewer } from './viewer.ts';

export const AccessGrant = builder.objectRef<GrantRow>('AccessGrant');
builder.node(AccessGrant, {
  description: 'What was given to a key or user, inside a team, beside what it has by itself.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.accessGrant.load(id))),
  fields: (t) => ({
    kind: t.field({ type: AccessRequestKind, resolve: ({ kind }) => kind }),
    targetId: t.id({
      description: 'Name of a model, route or scope, or id of a budget.',
      resolve: ({ targetId }) => targetId,
    }),
    target: t.node({
      description: 'The model, route or budget, as it is now; null where the viewer may not see it.',
      id: nodeOf,
    }),
    amount: t.field({
      type: BudgetAmount,
      nullable: true,
      description: 'By how much the budget’s limit is raised.',
      resolve: amountOf,
    }),
    holderId: t.id({ description: 'Of the key or user.', resolve: ({ holderId }) => holderId }),
    request: t.field({
      type: AccessRequest,
      nullable: true,
      description: 'What it came of.',
      resolve: ({ requestId }, _args, { loaders }) => loaders.accessRequest.load(requestId),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null: when it is revoked.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
    endedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ended: it ran out, was revoked, or its budget was set anew.',
      resolve: ({ endedAt }) => endedAt,
    }),
  }),
});

builder.objectField(AccessRequest, 'grant', (t) =>
  t.field({
    type: AccessGrant,
    nullable: true,
    description: 'What was given, where it was approved.',
    resolve: ({ id }, _args, { loaders }) => loaders.grantOfRequest.load(id),
  }),
);

builder.objectField(Viewer, 'grants', (t) =>
  t.field({
    type: [AccessGrant],
    description: 'What the viewer was given for a time and has now, newest first.',
    resolve: (who, _args, { gateway }) => listGrants(gateway.database.db, who),
  }),
);
