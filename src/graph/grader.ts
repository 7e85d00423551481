import { GRADER_TYPES, type Grader as GraderRow } from '../domain/evaluation.ts';
import { builder } from './builder.ts';

export const GraderType = builder.enumType('GraderType', { values: GRADER_TYPES });

export const Grader = builder.objectRef<GraderRow>('Grader').implement({
  description: 'How answers are judged in one respect.',
  fields: (t) => ({
    name: t.exposeString('name'),
    type: t.field({ type: GraderType, resolve: ({ type }) => type }),
    threshold: t.exposeFloat('threshold', { description: 'An answer passes from this score on.' }),
    settings: t.field({ type: 'JSON', resolve: ({ settings }) => settings }),
  }),
});

export const GraderInput = builder.inputType('GraderInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    type: t.field({ type: GraderType, required: true }),
    threshold: t.float({ defaultValue: 1 }),
    settings: t.field({ type: 'JSON' }),
  }),
});

export function toGraders(inputs: readonly (typeof GraderInput.$inferInput)[], _at: string[]): GraderRow[] {
  return inputs.map(
    ({ name, type, threshold, settings }) =>
      ({ name, type, threshold: threshold ?? 1, settings: settings ?? {} }) as GraderRow,
  );
}
