import type { Alert as AlertRow } from '../alerts/alerts.ts';
import { Alert, loadAlertsOf } from './alert.ts';
import { builder } from './builder.ts';
import { isId } from '../lib/ids.ts';
import { Prompt } from './prompt.ts';
import { Route } from './route.ts';

const TrialAlert = builder.objectRef<AlertRow>('TrialAlert');
builder.node(TrialAlert, {
  description: 'A canary or an experiment has ended.',
  interfaces: [Alert],
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: loadAlertsOf('TrialAlert'),
  fields: (t) => ({
    route: t.field({
      type: Route,
      nullable: true,
      description: 'As it stands now; null where it is gone.',
      resolve: ({ detail }, _args, { gateway, who }) =>
        gateway.routes.book.findById(who.organisationId, String(detail['subjectId'])),
    }),
    prompt: t.field({
      type: Prompt,
      nullable: true,
      description: 'Null where it was about a route.',
      resolve: ({ detail }, _args, { loaders }) => {
        const [promptId = ''] = String(detail['subjectId']).split(':');
        return isId('prm', promptId) ? loaders.prompt.load(promptId) : null;
      },
    }),
    winner: t.string({
      nullable: true,
      description: 'The arm of an experiment that has won.',
      resolve: ({ detail }) => (typeof detail['winner'] === 'string' ? detail['winner'] : null),
    }),
    confidence: t.float({
      nullable: true,
      description: 'How sure that is.',
      resolve: ({ detail }) => (typeof detail['confidence'] === 'number' ? detail['confidence'] : null),
    }),
  }),
});
