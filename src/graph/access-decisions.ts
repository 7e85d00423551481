import type { AccessGrant as GrantRow } from '../access/grants.ts';
import { createAccessRequest } from '../access/requests/create.ts';
import { cancelAccessRequest, decideAccessRequest } from '../access/requests/decide.ts';
import { revokeGrant } from '../access/requests/end.ts';
import type { AccessRequest as RequestRow } from '../access/requests/read.ts';
import { AccessGrant } from './access-grant.ts';
import { AccessRequest, AccessRequestKind } from './access-request.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';

const AccessRequestCreateInput = builder.inputType('AccessRequestCreateInput', {
  fields: (t) => ({
    kind: t.field({ type: AccessRequestKind, required: true }),
    targetId: t.id({
      required: true,
      description:
        'A model as `provider/model`, a route by its name, a scope such as `USAGE_READ`, or the id of a budget.',
    }),
    amount: t.field({
      type: 'Decimal',
      description: 'For BUDGET_INCREASE: by how much, in the budget’s unit.',
    }),
    reason: t.string({ required: true, description: 'For whoever decides, in 1 to 1000 characters.' }),
    until: t.field({ type: 'DateTime', description: 'Until when it is wanted; for good unless given.' }),
  }),
});

const AccessRequestDecideInput = builder.inputType('AccessRequestDecideInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    approve: t.boolean({ required: true }),
    note: t.string({ description: 'For whoever asked, in at most 1000 characters.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When what is given ends by itself; as it was asked for, unless given.',
    }),
  }),
});

const AccessRequestPayload = builder
  .objectRef<Payload<{ accessRequest: RequestRow }>>('AccessRequestPayload')
  .implement({
    fields: (t) => ({
      accessRequest: t.field({
        type: AccessRequest,
        nullable: true,
        resolve: ({ accessRequest }) => accessRequest,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });
const AccessGrantPayload = builder
  .objectRef<Payload<{ accessGrant: GrantRow }>>('AccessGrantPayload')
  .implement({
    fields: (t) => ({
      accessGrant: t.field({ type: AccessGrant, nullable: true, resolve: ({ accessGrant }) => accessGrant }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationFields((t) => ({
  accessRequestCreate: t.field({
    type: AccessRequestPayload,
    description:
      'Asks for something that the caller does not have. It waits for a decision, at most 30 days; the same can wait once.',
    args: { input: t.arg({ type: AccessRequestCreateInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => {
        const { amount, until, ...rest } = withoutNull(input);
        const wanted = { ...rest, amount, until };
        return {
          accessRequest: await createAccessRequest(gateway.accessDesk, who, wanted, { requestId, ip }),
        };
      }),
  }),
  accessRequestDecide: t.field({
    type: AccessRequestPayload,
    description: `Decides on a request of the team, or with ADMIN on any. Nobody decides on their own, or gives what they could not
give by their own rights. What is approved holds at once and ends by itself.`,
    args: { input: t.arg({ type: AccessRequestDecideInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => {
        const { note, expiresAt, ...rest } = withoutNull(input);
        const decision = { ...rest, note, expiresAt };
        return {
          accessRequest: await decideAccessRequest(gateway.accessDesk, who, decision, { requestId, ip }),
        };
      }),
  }),
  accessRequestCancel: t.field({
    type: AccessRequestPayload,
    description: 'Calls off what the caller has asked for.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, requestId, ip }) =>
      payload(async () => ({
        accessRequest: await cancelAccessRequest(gateway.accessDesk, who, id, { requestId, ip }),
      })),
  }),
  accessGrantRevoke: t.field({
    type: AccessGrantPayload,
    description: 'Ends what was given, at once. Its holder may give it back.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, requestId, ip }) =>
      payload(async () => ({
        accessGrant: await revokeGrant(gateway.accessDesk, who, id, { requestId, ip }),
      })),
  }),
}));
