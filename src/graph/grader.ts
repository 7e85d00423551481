import { GRADER_TYPES, type Graded as GradedRow, type Grader as GraderRow } from '../domain/evaluation.ts';
import { parseGraders } from '../evaluations/graders/parse.ts';
import { builder } from './builder.ts';
import { Completion } from './completion.ts';

const GraderType = builder.enumType('GraderType', { values: GRADER_TYPES });

export const Grader = builder.objectRef<GraderRow>('Grader').implement({
  description: 'How answers are judged in one respect.',
  fields: (t) => ({
    name: t.exposeString('name'),
    type: t.field({ type: GraderType, resolve: ({ type }) => type }),
    threshold: t.exposeFloat('threshold', { description: 'An answer passes from this score on.' }),
    settings: t.field({
      type: 'JSON',
      description: 'As its input has them.',
      resolve: ({ settings }) => settings,
    }),
  }),
});

export const Graded = builder.objectRef<GradedRow>('Graded').implement({
  description: 'What a grader thinks of one answer.',
  fields: (t) => ({
    grader: t.exposeString('grader', { description: 'Its name.' }),
    score: t.exposeFloat('score', { description: 'From 0 to 1.' }),
    passed: t.exposeBoolean('passed'),
    reason: t.exposeString('reason'),
    completion: t.field({
      type: Completion,
      nullable: true,
      description:
        'What a judge or an embedding model was asked; null where that is nothing, or the viewer may not see it.',
      resolve: ({ completionId }, _args, { loaders }) =>
        completionId === undefined ? null : loaders.completion.load(completionId),
    }),
  }),
});

const PATH = 'JSON Pointer to what is looked at, such as `/items/0/title`; the whole answer, unless given.';
const PATH_OF_BOTH = `${PATH} What is expected is looked for there too, unless only that is given.`;

const ExactGraderInput = builder.inputType('ExactGraderInput', {
  description: 'The answer is what is expected, letter by letter; JSON whatever the order of its keys.',
  fields: (t) => ({
    path: t.string({ description: PATH_OF_BOTH }),
    trim: t.boolean({ defaultValue: true }),
    ignoreCase: t.boolean({ defaultValue: false }),
  }),
});
const RegexGraderInput = builder.inputType('RegexGraderInput', {
  description: 'A pattern is found in the answer.',
  fields: (t) => ({
    path: t.string({ description: PATH }),
    pattern: t.string({ required: true, description: 'In the syntax of RE2.' }),
    ignoreCase: t.boolean({ defaultValue: false }),
    absent: t.boolean({ defaultValue: false, description: 'It must not be found.' }),
  }),
});
const JsonEqualityGraderInput = builder.inputType('JsonEqualityGraderInput', {
  description:
    'Both are the same JSON, whatever the order of keys. The score is the share of values that are the same.',
  fields: (t) => ({
    path: t.string({ description: PATH_OF_BOTH }),
    ignore: t.stringList({
      description: 'JSON Pointers to what is not looked at; `*` stands for any key or place: `/items/*/id`.',
    }),
  }),
});
const JsonSchemaGraderInput = builder.inputType('JsonSchemaGraderInput', {
  description: 'The answer is JSON that meets a schema.',
  fields: (t) => ({
    path: t.string({ description: PATH }),
    schema: t.field({ type: 'JSON', required: true }),
  }),
});
const NumericGraderInput = builder.inputType('NumericGraderInput', {
  description: 'The answer is a number that is no further from the expected one than one of both allows.',
  fields: (t) => ({
    path: t.string({ description: PATH_OF_BOTH }),
    absolute: t.float({ defaultValue: 0 }),
    relative: t.float({
      defaultValue: 0,
      description: 'As a share of what is expected: 0.05 for five percent.',
    }),
  }),
});
const EmbeddingGraderInput = builder.inputType('EmbeddingGraderInput', {
  description:
    'How near the answer is to what is expected: the cosine of what an embedding model makes of both, 0 where it is less.',
  fields: (t) => ({
    path: t.string({ description: PATH_OF_BOTH }),
    model: t.string({ required: true, description: 'With the capability EMBEDDINGS.' }),
  }),
});
const JudgeGraderInput = builder.inputType('JudgeGraderInput', {
  description: `A model reads the answer and gives a score by a rubric, as a completion of whoever evaluates. It is shown the answer as
data and told to take no instructions from it; no model is proof against that, so let no judge be the only one who looks.`,
  fields: (t) => ({
    model: t.string({ required: true }),
    rubric: t.string({ required: true, description: 'What a good answer is, in words.' }),
  }),
});

export const GraderInput = builder.inputType('GraderInput', {
  description: 'Exactly one member beside the name and the threshold.',
  fields: (t) => ({
    name: t.string({
      description: 'Unique among those of an evaluation; that of its type, such as `exact`, unless given.',
    }),
    threshold: t.float({
      description:
        'An answer passes from this score on: 1, unless given; 0.8 for embeddings, 0.7 for judges.',
    }),
    exact: t.field({ type: ExactGraderInput }),
    regex: t.field({ type: RegexGraderInput }),
    jsonEquality: t.field({ type: JsonEqualityGraderInput }),
    jsonSchema: t.field({ type: JsonSchemaGraderInput }),
    numeric: t.field({ type: NumericGraderInput }),
    embedding: t.field({ type: EmbeddingGraderInput }),
    judge: t.field({ type: JudgeGraderInput }),
  }),
});

/** @throws InvalidInput */
export function toGraders(inputs: readonly (typeof GraderInput.$inferInput)[], at: string[]): GraderRow[] {
  return parseGraders(inputs, at);
}
