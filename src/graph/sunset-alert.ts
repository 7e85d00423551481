import type { Alert as AlertRow } from '../alerts/alerts.ts';
import { readSunset } from '../alerts/describe.ts';
import { Alert, loadAlertsOf } from './alert.ts';
import { builder } from './builder.ts';
import { Model } from './model.ts';
import { findNamed } from './model-lifecycle.ts';

const SunsetAlert = builder.objectRef<AlertRow>('SunsetAlert');
builder.node(SunsetAlert, {
  description: 'A model that is still called comes to its end.',
  interfaces: [Alert],
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: loadAlertsOf('SunsetAlert'),
  fields: (t) => ({
    model: t.field({
      type: Model,
      resolve: (alert, _args, context) => findNamed(context, readSunset(alert).model),
    }),
    sunsetAt: t.field({
      type: 'DateTime',
      description: 'When it ends, as it was known when this was told.',
      resolve: (alert) => readSunset(alert).sunsetAt,
    }),
    days: t.int({
      description:
        'Which of the days before its end, in `models.warnDays` of the configuration, was reached.',
      resolve: (alert) => readSunset(alert).days,
    }),
    replacement: t.field({
      type: Model,
      nullable: true,
      resolve: (alert, _args, context) => {
        const { replacement } = readSunset(alert);
        return replacement === undefined ? null : findNamed(context, replacement);
      },
    }),
    requests: t.field({
      type: 'SafeInt',
      description: 'Of the week before it was told.',
      resolve: (alert) => readSunset(alert).requests,
    }),
  }),
});
