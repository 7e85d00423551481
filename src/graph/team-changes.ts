import { createTeam, renameTeam, type Team as TeamRow } from '../access/teams.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { Team } from './team.ts';

const TeamCreateInput = builder.inputType('TeamCreateInput', {
  fields: (t) => ({ name: t.string({ required: true }) }),
});
const TeamRenameInput = builder.inputType('TeamRenameInput', {
  fields: (t) => ({ id: t.id({ required: true }), name: t.string({ required: true }) }),
});

const TeamPayload = builder.objectRef<Payload<{ team: TeamRow }>>('TeamPayload').implement({
  fields: (t) => ({
    team: t.field({ type: Team, nullable: true, resolve: ({ team }) => team }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationFields((t) => ({
  teamCreate: t.field({
    type: TeamPayload,
    args: { input: t.arg({ type: TeamCreateInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => ({ team: await createTeam(gateway.tenants, who, input, { requestId, ip }) })),
  }),
  teamRename: t.field({
    type: TeamPayload,
    args: { input: t.arg({ type: TeamRenameInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => ({ team: await renameTeam(gateway.tenants, who, input, { requestId, ip }) })),
  }),
}));
