import { setAskFirst } from '../access/ask-first.ts';
import type { Model as ModelRow } from '../domain/model.ts';
import type { Route as RouteRow } from '../domain/route.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { Model } from './model.ts';
import { Route } from './route.ts';

const ModelAccessSetInput = builder.inputType('ModelAccessSetInput', {
  fields: (t) => ({
    name: t.string({
      required: true,
      description: '`provider/model`, or the name of a route, exactly as it is asked for.',
    }),
    askFirst: t.boolean({
      required: true,
      description: 'Whether nobody of the organisation may use it without an approved request.',
    }),
  }),
});

const ModelAccessPayload = builder
  .objectRef<Payload<{ model: ModelRow | undefined; route: RouteRow | undefined }>>('ModelAccessPayload')
  .implement({
    fields: (t) => ({
      model: t.field({
        type: Model,
        nullable: true,
        description: 'Null also where no provider has it any more.',
        resolve: ({ model }) => model,
      }),
      route: t.field({
        type: Route,
        nullable: true,
        description: 'The route, where it is one.',
        resolve: ({ route }) => route,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationField('modelAccessSet', (t) =>
  t.field({
    type: ModelAccessPayload,
    description:
      'Says of a model or a route whether it takes an approval. Completions that have begun are not stopped.',
    args: { input: t.arg({ type: ModelAccessSetInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => {
        await setAskFirst(gateway.accessDesk, who, input, { requestId, ip });
        const { name } = input;
        return {
          model: gateway.catalog.findModel(name),
          route: gateway.routes.book.find(who.organisationId, name),
        };
      }),
  }),
);
