import type { Limit as LimitRow } from '../domain/limit.ts';
import { deleteLimit, setLimit } from '../limits/set.ts';
import { DeletePayload } from './budget-set.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { Limit } from './limit.ts';
import { LimitUnit, RateLimitScope } from './limit-enums.ts';

const LimitSetInput = builder.inputType('LimitSetInput', {
  fields: (t) => ({
    scope: t.field({ type: RateLimitScope, required: true }),
    subjectId: t.id({
      required: true,
      description: `Id of an organisation, team, key or user (which counts as a KEY), an IP address, the name of a trusted operation, a name such as
\`openai/gpt-5.4\` or \`openai\`, or whatever the caller names its end users by. \`*\`: each of the scope has the limit for itself, where none is set on it; of IPv6
addresses, each network of 64 bits.`,
    }),
    unit: t.field({ type: LimitUnit, required: true }),
    max: t.field({
      type: 'SafeInt',
      required: true,
      description: 'At least 1; of points of operations, 1000.',
    }),
  }),
});

const LimitPayload = builder.objectRef<Payload<{ limit: LimitRow }>>('LimitPayload').implement({
  fields: (t) => ({
    limit: t.field({ type: Limit, nullable: true, resolve: ({ limit }) => limit }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationFields((t) => ({
  limitSet: t.field({
    type: LimitPayload,
    description: `Sets the limit of a subject in a unit, whether or not there was one. All limits that match a request hold
together: it takes from all of them, or is refused and takes from none.`,
    args: { input: t.arg({ type: LimitSetInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => ({ limit: await setLimit(gateway.limitSetting, who, input, { requestId, ip }) })),
  }),
  limitDelete: t.field({
    type: DeletePayload,
    description: 'In its place the limit for each of its scope holds, where there is one.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who, requestId, ip }) =>
      payload(async () => ({
        deletedId: await deleteLimit(gateway.limitSetting, who, id, { requestId, ip }),
      })),
  }),
}));
