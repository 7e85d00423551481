import { builder } from './builder.ts';
import { Operation } from './operation.ts';
import { Prompt } from './prompt.ts';

builder.objectField(Prompt, 'usedBy', (t) =>
  t.field({
    type: [Operation],
    description:
      'Registered operations that name it: by its field, or by its slug where that is written out in the text.',
    complexity: 20,
    resolve: async ({ slug }, _args, { loaders }) => loaders.operationsNaming.load(slug),
  }),
);
