import { RECORD_DAYS_MAX, updateOrganisation } from '../access/change-organisation.ts';
import type { Organisation as OrganisationRow } from '../access/organisations.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { Organisation } from './organisation.ts';

const OrganisationUpdateInput = builder.inputType('OrganisationUpdateInput', {
  fields: (t) => ({
    regions: t.stringList({
      description:
        'The only regions that its requests may go to, by the names that providers have in the configuration. Empty: anywhere.',
    }),
    recordPromptsDays: t.int({
      description: `Agrees that what prompts are given is kept for so many days, 1 to ${RECORD_DAYS_MAX}, without what looks like a secret, an e-mail
address or the number of a card, and without variables that are never logged. 0: nothing is kept any more, and what was is forgotten;
datasets that were made of it stay.`,
    }),
  }),
});

const OrganisationPayload = builder
  .objectRef<Payload<{ organisation: OrganisationRow }>>('OrganisationPayload')
  .implement({
    fields: (t) => ({
      organisation: t.field({
        type: Organisation,
        nullable: true,
        resolve: ({ organisation }) => organisation,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationField('organisationUpdate', (t) =>
  t.field({
    type: OrganisationPayload,
    description:
      'Changes the viewer’s own organisation; what is not given stays. Refused when a team, a key or a route would have nowhere to go. Completions that have begun are not stopped.',
    args: { input: t.arg({ type: OrganisationUpdateInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => ({
        organisation: await updateOrganisation(gateway.organisations, who, withoutNull(input), {
          requestId,
          ip,
        }),
      })),
  }),
);
