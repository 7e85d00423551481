import { countAlerts, listAlerts, type Alert as AlertRow } from '../alerts/alerts.ts';
import type { WebhookDelivery as DeliveryRow } from '../alerts/deliveries.ts';
import { describeAlert, thresholdOf } from '../alerts/describe.ts';
import { watchAlerts } from '../alerts/watch.ts';
import { ALERT_KINDS, type AlertKind as Kind } from '../domain/alert.ts';
import { hasScope } from '../domain/principal.ts';
import { Budget } from './budget.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import type { GraphContext } from './context.ts';

const AlertKind = builder.enumType('AlertKind', {
  description:
    'BUDGET_THRESHOLD: so much of a budget is used. BUDGET_EXCEEDED: something did not fit into one. ANOMALY: use is unusual. MODEL_SUNSET: a model that is still called comes to its end. CANARY_ROLLED_BACK, CANARY_PROMOTED and EXPERIMENT_DECIDED: a trial of a route has ended.',
  values: ALERT_KINDS,
});

const WebhookDelivery = builder.objectRef<DeliveryRow>('WebhookDelivery').implement({
  description: 'How far the telling of an alert to one webhook is.',
  fields: (t) => ({
    webhook: t.exposeString('webhook', { description: 'Its name in the config.' }),
    attempts: t.exposeInt('attempts'),
    deliveredAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ deliveredAt }) => deliveredAt }),
    nextAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is tried again; null when it was taken or given up.',
      resolve: ({ nextAt }) => nextAt,
    }),
    lastError: t.string({ nullable: true, resolve: ({ lastError }) => lastError }),
  }),
});

const TYPE_BY_KIND: Record<Kind, string> = {
  BUDGET_THRESHOLD: 'BudgetAlert',
  BUDGET_EXCEEDED: 'BudgetAlert',
  ANOMALY: 'Anomaly',
  MODEL_SUNSET: 'SunsetAlert',
  CANARY_ROLLED_BACK: 'TrialAlert',
  CANARY_PROMOTED: 'TrialAlert',
  EXPERIMENT_DECIDED: 'TrialAlert',
};

function typeOfAlert({ kind }: AlertRow): string {
  return TYPE_BY_KIND[kind];
}

/** How the nodes of one type of alerts are found. */
export function loadAlertsOf(type: string) {
  return (ids: string[], { loaders }: GraphContext): Promise<(AlertRow | null)[]> =>
    Promise.all(
      ids.map(async (id) => {
        const alert = await loaders.alert.load(id);
        return alert && typeOfAlert(alert) === type ? alert : null;
      }),
    );
}

export const Alert = builder.interfaceRef<AlertRow>('Alert').implement({
  description: 'Something that people should hear of. It is raised once and never changes.',
  interfaces: [builder.nodeInterfaceRef()],
  resolveType: typeOfAlert,
  fields: (t) => ({
    kind: t.field({ type: AlertKind, resolve: ({ kind }) => kind }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    message: t.string({ description: 'What it says, for people.', resolve: describeAlert }),
    deliveries: t.field({
      type: [WebhookDelivery],
      nullable: true,
      description: 'Null for whoever is no admin.',
      resolve: ({ id }, _args, { who, loaders }) =>
        hasScope(who, 'ADMIN') ? loaders.deliveriesOfAlert.load(id) : null,
    }),
  }),
});

const BudgetAlert = builder.objectRef<AlertRow>('BudgetAlert');
builder.node(BudgetAlert, {
  interfaces: [Alert],
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: loadAlertsOf('BudgetAlert'),
  fields: (t) => ({
    threshold: t.int({
      nullable: true,
      description: 'Percentage of the limit that was reached; null when something did not fit.',
      resolve: thresholdOf,
    }),
    budget: t.field({
      type: Budget,
      nullable: true,
      description: 'As it stands now; null where the viewer may not see it.',
      resolve: ({ budgetId }, _args, { loaders }) => (budgetId ? loaders.budget.load(budgetId) : null),
    }),
  }),
});

const AlertConnection = connectionOf('Alert', Alert);

builder.queryField('alerts', (t) =>
  t.field({
    type: AlertConnection,
    description:
      'Newest first: an admin’s are those of the organisation, others’ those of their team or key.',
    args: pageArgs(t.arg),
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      return readPage(args, {
        read: (page) => listAlerts(db, who, page),
        cursorOf: ({ id }) => id,
        isCursor: (text) => /^\d{1,18}$/.test(text),
        count: () => countAlerts(db, who),
      });
    },
  }),
);

builder.subscriptionField('alertRaised', (t) =>
  t.field({
    type: Alert,
    description: 'Alerts as they are raised, from the moment of subscribing.',
    subscribe: (_root, _args, { gateway, who, signal }) =>
      watchAlerts({ db: gateway.database.db, relay: gateway.relay }, who, signal),
    resolve: (alert) => alert,
  }),
);
