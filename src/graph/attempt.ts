import { ATTEMPT_STATUSES, type Attempt as AttemptRow } from '../domain/completion.ts';
import { builder } from './builder.ts';
import { Money, toMoney } from './money.ts';
import { TokenUsage } from './token-usage.ts';

const AttemptStatus = builder.enumType('AttemptStatus', {
  description: 'INTERRUPTED: the process that made it died; it is booked from what was known.',
  values: ATTEMPT_STATUSES,
});

export const Attempt = builder.objectRef<AttemptRow>('Attempt').implement({
  description: 'One call of one provider, booked by itself.',
  fields: (t) => ({
    index: t.exposeInt('index'),
    provider: t.exposeString('provider'),
    model: t.exposeString('model'),
    status: t.field({ type: AttemptStatus, resolve: ({ status }) => status }),
    httpStatus: t.int({ nullable: true, resolve: ({ httpStatus }) => httpStatus }),
    errorType: t.string({
      nullable: true,
      description: 'Code of the error that ended it.',
      resolve: ({ errorType }) => errorType,
    }),
    latencyMs: t.exposeInt('latencyMs', { description: '0 where nobody has seen its end.' }),
    firstTokenMs: t.int({
      nullable: true,
      description: 'Until its first content; null when there was none.',
      resolve: ({ firstTokenMs }) => firstTokenMs,
    }),
    usage: t.field({ type: TokenUsage, resolve: ({ usage }) => usage }),
    cost: t.field({
      type: Money,
      nullable: true,
      description: 'Null when the model has no known price: an unknown cost is not zero.',
      resolve: ({ costNanos }) => toMoney(costNanos),
    }),
  }),
});
