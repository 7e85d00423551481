import type { Tag as TagRow } from '../domain/completion.ts';
import { builder } from './builder.ts';

export const Tag = builder.objectRef<TagRow>('Tag').implement({
  fields: (t) => ({ key: t.exposeString('key'), value: t.exposeString('value') }),
});
