import { z } from 'zod';
import { compileSchema } from '../../lib/json-schema.ts';
import { verdict, type GraderKind } from './grader-kind.ts';
import { pointer } from './pointer.ts';
import { readJson } from './read-answer.ts';

const SCHEMA_CHARS_MAX = 64 * 1024;

/** The answer is JSON that meets a schema. */
export const jsonSchema: GraderKind<'JSON_SCHEMA'> = {
  type: 'JSON_SCHEMA',
  key: 'jsonSchema',
  threshold: 1,
  needsExpected: false,
  settings: z.strictObject({
    path: pointer.optional(),
    schema: z.record(z.string(), z.unknown()).superRefine((schema, ctx) => {
      const chars = JSON.stringify(schema).length;
      if (chars > SCHEMA_CHARS_MAX) {
        const message = `is ${chars} characters long; at most ${SCHEMA_CHARS_MAX} fit`;
        ctx.addIssue({ code: 'custom', message });
        return;
      }
      try {
        compileSchema(schema);
      } catch (error) {
        const message = `is no JSON Schema that compiles: ${(error as Error).message}`;
        ctx.addIssue({ code: 'custom', message });
      }
    }),
  }) as GraderKind<'JSON_SCHEMA'>['settings'],
  grade({ path, schema }, { output }) {
    const read = readJson(output, path);
    if ('fault' in read) return verdict(false, read.fault);
    const fault = compileSchema(schema)(read.value);
    return verdict(fault === undefined, fault ?? 'the answer meets the schema');
  },
};
