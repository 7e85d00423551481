import { createTeam, renameTeam, updateTeam, type Team as TeamRow } from '../access/teams.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { Team } from './team.ts';

const TeamCreateInput = builder.inputType('TeamCreateInput', {
  fields: (t) => ({ name: t.string({ required: true }) }),
});
const TeamRenameInput = builder.inputType('TeamRenameInput', {
  fields: (t) => ({ id: t.id({ required: true }), name: t.string({ required: true }) }),
});
const TeamUpdateInput = builder.inputType('TeamUpdateInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    regions: t.stringList({
      required: true,
      description:
        'The only regions that its requests may go to, by the names that providers have in the configuration. Empty: wherever the organisation allows.',
    }),
  }),
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
  teamUpdate: t.field({
    type: TeamPayload,
    description:
      'Refused when the team or one of its keys would have nowhere to go. Completions that have begun are not stopped.',
    args: { input: t.arg({ type: TeamUpdateInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => ({ team: await updateTeam(gateway.tenants, who, input, { requestId, ip }) })),
  }),
}));
