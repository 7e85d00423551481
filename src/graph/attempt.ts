import { ATTEMPT_STATUSES, type Attempt as AttemptRow } from '../domain/completion.ts';
import { builder } from './builder.ts';

const AttemptStatus = builder.enumType('AttemptStatus', { values: ATTEMPT_STATUSES });

export const Attempt = builder.objectRef<AttemptRow>('Attempt').implement({
  description: 'One call of one provider.',
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
    latencyMs: t.exposeInt('latencyMs'),
  }),
});
