import {
  countAccessRequests,
  listAccessRequests,
  type AccessRequest as RequestRow,
} from '../access/requests/read.ts';
import { watchAccessRequests } from '../access/requests/watch.ts';
import { ACCESS_KINDS, ACCESS_REQUEST_STATUSES, type AccessKind } from '../domain/access.ts';
import type { BudgetUnit } from '../domain/budget.ts';
import { isId } from '../lib/ids.ts';
import { BudgetAmount } from './budget.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { Team } from './team.ts';

export const AccessRequestKind = builder.enumType('AccessRequestKind', {
  description: 'What is asked for: to use a model or a route, a scope, or more of a budget.',
  values: ACCESS_KINDS,
});
const AccessRequestStatus = builder.enumType('AccessRequestStatus', {
  description: 'EXPIRED: nobody decided on it in time.',
  values: ACCESS_REQUEST_STATUSES,
});

interface OfTarget {
  kind: AccessKind;
  targetId: string;
  amount: bigint | undefined;
  unit: BudgetUnit | undefined;
}

/** The global id of what is asked for; null for what is no node. */
export function nodeOf(
  { kind, targetId }: OfTarget,
  _args: unknown,
  { gateway, who }: GraphContext,
): string | null {
  if (kind === 'MODEL') return `mdl_${targetId}`;
  if (kind === 'ROUTE') return gateway.routes.book.find(who.organisationId, targetId)?.id ?? null;
  return kind === 'BUDGET_INCREASE' ? targetId : null;
}

export function amountOf({ amount, unit }: OfTarget): { unit: BudgetUnit; amount: bigint } | null {
  return amount === undefined || unit === undefined ? null : { unit, amount };
}

export const AccessRequest = builder.objectRef<RequestRow>('AccessRequest');
builder.node(AccessRequest, {
  description: 'Somebody asks to be given something for a time.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.accessRequest.load(id))),
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
      description: 'By how much the budget’s limit is to be raised.',
      resolve: amountOf,
    }),
    reason: t.exposeString('reason'),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when it is wanted; null for good.',
      resolve: ({ until }) => until,
    }),
    status: t.field({ type: AccessRequestStatus, resolve: ({ status }) => status }),
    requesterId: t.id({ description: 'Of the key or user.', resolve: ({ requesterId }) => requesterId }),
    requestedBy: t.node({
      description: 'The key or user; null where the viewer may not see it.',
      id: ({ requesterId }) => requesterId,
    }),
    team: t.field({
      type: Team,
      nullable: true,
      resolve: ({ teamId }, _args, { loaders }) => loaders.team.load(teamId),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    lapsesAt: t.field({
      type: 'DateTime',
      description: 'When it ends undecided.',
      resolve: ({ lapsesAt }) => lapsesAt,
    }),
    deciderId: t.id({
      nullable: true,
      description: 'Of the key or user that decided on it or called it off.',
      resolve: ({ deciderId }) => deciderId,
    }),
    decidedBy: t.node({
      description: 'The key or user; null where the viewer may not see it.',
      id: ({ deciderId }) => deciderId,
    }),
    decidedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ decidedAt }) => decidedAt }),
    note: t.string({ nullable: true, description: 'What the decider said.', resolve: ({ note }) => note }),
  }),
});

const AccessRequestConnection = connectionOf('AccessRequest', AccessRequest);

builder.queryField('accessRequests', (t) =>
  t.field({
    type: AccessRequestConnection,
    description:
      'Newest first: an admin’s are those of the organisation, those of a holder of ACCESS_DECIDE are of the team, others’ are their own.',
    args: { ...pageArgs(t.arg), status: t.arg({ type: AccessRequestStatus }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      const status = args.status ?? undefined;
      return readPage(args, {
        read: (page) => listAccessRequests(db, who, status, page),
        cursorOf: ({ id }) => id,
        isCursor: (text) => isId('areq', text),
        count: () => countAccessRequests(db, who, status),
      });
    },
  }),
);

builder.subscriptionField('accessRequestChanged', (t) =>
  t.field({
    type: AccessRequest,
    nullable: true,
    description: `Requests as they are made, decided on, or end, from the moment of subscribing, each as it is then. Null for one
that the viewer may no longer see.`,
    subscribe: (_root, _args, { gateway, who, signal }) =>
      watchAccessRequests({ db: gateway.database.db, relay: gateway.relay }, who, signal),
    // Read as whoever it is by now may see it.
    resolve: ({ id }, _args, { loaders }) => loaders.accessRequest.load(id),
  }),
);
