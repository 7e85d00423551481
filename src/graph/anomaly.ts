import { countAlerts, listAlerts, type Alert as AlertRow } from '../alerts/alerts.ts';
import { readDetail } from '../usage/anomalies/detail.ts';
import { ANOMALY_MEASURES } from '../usage/anomalies/judge.ts';
import { Alert, loadAlertsOf } from './alert.ts';
import { ApiKey } from './api-key.ts';
import { Budget } from './budget.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { Team } from './team.ts';

const AnomalyMeasure = builder.enumType('AnomalyMeasure', {
  description:
    'SPEND: USD in an hour. TOKENS_PER_REQUEST: in and out together. ERRORS: the share of requests that failed, from 0 to 1.',
  values: ANOMALY_MEASURES,
});

const Anomaly = builder.objectRef<AlertRow>('Anomaly');
builder.node(Anomaly, {
  description:
    'Much more of something, in one hour of a key or a team, than in the hours of the week before.',
  interfaces: [Alert],
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: loadAlertsOf('Anomaly'),
  fields: (t) => ({
    team: t.field({
      type: Team,
      nullable: true,
      description: 'Null where the viewer may not see it.',
      resolve: ({ teamId }, _args, { loaders }) => (teamId ? loaders.team.load(teamId) : null),
    }),
    key: t.field({
      type: ApiKey,
      nullable: true,
      description: 'Null when it is the team as a whole.',
      resolve: ({ keyId }, _args, { loaders }) => (keyId ? loaders.key.load(keyId) : null),
    }),
    measure: t.field({ type: AnomalyMeasure, resolve: ({ detail }) => readDetail(detail).measure }),
    hour: t.field({
      type: 'DateTime',
      description: 'When the hour began that is unusual. An hour is told of while it still runs.',
      resolve: ({ detail }) => readDetail(detail).hour,
    }),
    observed: t.field({
      type: 'Decimal',
      description: 'In that hour, up to when it was told.',
      resolve: ({ detail }) => readDetail(detail).observed,
    }),
    expected: t.field({
      type: 'Decimal',
      description: 'The median of the hours with requests of the week before.',
      resolve: ({ detail }) => readDetail(detail).expected,
    }),
    deviation: t.float({
      description: 'How many times as far from the median as those hours usually are.',
      resolve: ({ detail }) => readDetail(detail).deviation,
    }),
    brake: t.field({
      type: Budget,
      nullable: true,
      description: 'The temporary budget that was set because of it, or held already, as it stands now.',
      resolve: ({ budgetId }, _args, { loaders }) => (budgetId ? loaders.budget.load(budgetId) : null),
    }),
  }),
});

const AnomalyConnection = connectionOf('Anomaly', Anomaly);

builder.queryField('anomalies', (t) =>
  t.field({
    type: AnomalyConnection,
    description: 'Those of the alerts that say that use is unusual, newest first.',
    args: pageArgs(t.arg),
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { db } = gateway.database;
      return readPage(args, {
        read: (page) => listAlerts(db, who, { ...page, kind: 'ANOMALY' }),
        cursorOf: ({ id }) => id,
        isCursor: (text) => /^\d{1,18}$/.test(text),
        count: () => countAlerts(db, who, 'ANOMALY'),
      });
    },
  }),
);
