import { z } from 'zod';
import { compileSchema } from '../lib/json-schema.ts';
import type { InputIssue } from './errors.ts';

/** What one ask may hold at most. Bodies are bounded before this, by the transport. */
const SETTING_LIMITS = { tools: 128, stopSequences: 16, nameChars: 256 } as const;

export const REASONING_EFFORTS = ['NONE', 'LOW', 'MEDIUM', 'HIGH'] as const;

export const nameInput = z.string().min(1).max(SETTING_LIMITS.nameChars);

/** A JSON Schema that compiles. */
export const schemaInput = z.record(z.string(), z.unknown()).superRefine((schema, ctx) => {
  try {
    compileSchema(schema);
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: `is no JSON Schema that compiles: ${(error as Error).message}` });
  }
});

export const paramsInput = z.object({
  temperature: z.number().min(0).max(2).nullish(),
  topP: z.number().min(0).max(1).nullish(),
  maxOutputTokens: z.int().min(1, 'must be 1 or more').nullish(),
  stop: z.array(z.string().min(1).max(200)).max(SETTING_LIMITS.stopSequences).nullish(),
  seed: z.int().nullish(),
  reasoning: z.enum(REASONING_EFFORTS).nullish(),
  providerOptions: z.record(z.string(), z.record(z.string(), z.unknown())).nullish(),
});

/** Each of another name. */
export const toolsInput = z
  .array(
    z.object({
      name: nameInput,
      description: z.string().max(10_000).nullish(),
      parameters: schemaInput,
    }),
  )
  .max(SETTING_LIMITS.tools)
  .superRefine((tools, ctx) => {
    const seen = new Set<string>();
    tools.forEach(({ name }, index) => {
      if (seen.has(name)) {
        const message = `repeats the tool ${JSON.stringify(name)}`;
        ctx.addIssue({ code: 'custom', path: [index, 'name'], message });
      }
      seen.add(name);
    });
  });

/** How many faults of one input are told. */
const TOLD = 20;

/** @param at where the input stands in the caller's own document. */
export function toIssues({ issues }: z.ZodError, at: string[]): InputIssue[] {
  return issues.slice(0, TOLD).map((issue) => {
    const path = [...at, ...issue.path.map(String)];
    return { path, message: `${path.join('.')} ${issue.message}` };
  });
}
