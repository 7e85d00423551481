import type { GraderType } from '../../domain/evaluation.ts';
import { embedding } from './embedding.ts';
import { exact } from './exact.ts';
import type { GraderKind } from './grader-kind.ts';
import { jsonEquality } from './json-equality.ts';
import { jsonSchema } from './json-schema.ts';
import { judge } from './judge.ts';
import { numeric } from './numeric.ts';
import { regex } from './regex.ts';

/** Every way to grade. Adding one is adding a file and a line. */
export const GRADER_KINDS = {
  EXACT: exact,
  REGEX: regex,
  JSON_EQUALITY: jsonEquality,
  JSON_SCHEMA: jsonSchema,
  NUMERIC: numeric,
  EMBEDDING: embedding,
  JUDGE: judge,
} as const satisfies { [Type in GraderType]: GraderKind<Type> };
