import { setAskFirst } from '../access/ask-first.ts';
import type { Model as ModelRow } from '../domain/model.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { Model } from './model.ts';

const ModelAccessSetInput = builder.inputType('ModelAccessSetInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: '`provider/model`, exactly as it is asked for.' }),
    askFirst: t.boolean({
      required: true,
      description: 'Whether nobody of the organisation may use it without an approved request.',
    }),
  }),
});

const ModelAccessPayload = builder
  .objectRef<Payload<{ model: ModelRow | undefined }>>('ModelAccessPayload')
  .implement({
    fields: (t) => ({
      model: t.field({
        type: Model,
        nullable: true,
        description: 'Null also where no provider has it any more.',
        resolve: ({ model }) => model,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationField('modelAccessSet', (t) =>
  t.field({
    type: ModelAccessPayload,
    description: 'Says of a model whether it takes an approval. Completions that have begun are not stopped.',
    args: { input: t.arg({ type: ModelAccessSetInput, required: true }) },
    resolve: (_root, { input }, { gateway, who, requestId, ip }) =>
      payload(async () => {
        await setAskFirst(gateway.accessDesk, who, input, { requestId, ip });
        return { model: gateway.catalog.findModel(input.name) };
      }),
  }),
);
