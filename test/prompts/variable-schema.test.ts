import { describe, expect, it } from 'vitest';
import type { PromptVariable } from '../../src/domain/prompt.ts';
import { compileSchema } from '../../src/lib/json-schema.ts';
import { relocateRefs } from '../../src/prompts/relocate-refs.ts';
import { toJsonSchema } from '../../src/prompts/variable-schema.ts';

const variable = (name: string, more: Partial<PromptVariable>): PromptVariable => ({
  name,
  type: 'STRING',
  schema: undefined,
  description: undefined,
  required: true,
  default: undefined,
  example: undefined,
  neverLog: false,
  ...more,
});

describe('the schema of variables', () => {
  it('knows each type, what must be there, and nothing else', () => {
    const schema = toJsonSchema([
      variable('text', { description: 'Some text.', example: 'abc' }),
      variable('size', { type: 'NUMBER', default: 3 }),
      variable('loud', { type: 'BOOLEAN', required: false }),
      variable('photo', { type: 'IMAGE', required: false }),
      variable('tags', { type: 'LIST', required: false, schema: { items: { type: 'string' } } }),
      variable('ticket', { type: 'OBJECT', required: false }),
    ]);
    expect(schema['required']).toEqual(['text']);
    expect(schema['properties']).toHaveProperty('text', {
      type: 'string',
      description: 'Some text.',
      examples: ['abc'],
    });
    const fits = compileSchema(schema);
    expect(
      fits({ text: '', size: 1.5, loud: true, photo: 'data:image/png;base64,AA==', tags: ['a'], ticket: {} }),
    ).toBe(undefined);
    for (const wrong of [
      {},
      { text: 1 },
      { text: '', size: '3' },
      { text: '', photo: 'http://example.com/a.png' },
      { text: '', tags: [1] },
      { text: '', ticket: [] },
      { text: '', other: 1 },
    ])
      expect(fits(wrong), JSON.stringify(wrong)).toBeDefined();
  });

  it('of no variables is that of an empty object', () => {
    expect(toJsonSchema([])).toEqual({ type: 'object', properties: {}, additionalProperties: false });
  });
});

describe('a schema in another place', () => {
  it('refers into itself from there, and stays as it is where it only looks like a schema', () => {
    const schema = {
      $id: 'https://example.com/tree',
      $schema: 'http://json-schema.org/draft-07/schema#',
      properties: {
        $ref: { type: 'string' },
        left: { $ref: '#' },
        all: { type: 'array', items: [{ $ref: '#/$defs/leaf' }], additionalItems: false },
        other: { anyOf: [{ not: { $ref: '#/$defs/leaf' } }, { $ref: 'https://example.com/other' }] },
      },
      $defs: { leaf: { enum: [{ $ref: '#/x' }], default: { $ref: '#' }, const: { $ref: '#' } } },
    };
    expect(relocateRefs(schema, '#/components/schemas/Tree')).toEqual({
      properties: {
        $ref: { type: 'string' },
        left: { $ref: '#/components/schemas/Tree' },
        all: {
          type: 'array',
          items: [{ $ref: '#/components/schemas/Tree/$defs/leaf' }],
          additionalItems: false,
        },
        other: {
          anyOf: [
            { not: { $ref: '#/components/schemas/Tree/$defs/leaf' } },
            { $ref: 'https://example.com/other' },
          ],
        },
      },
      $defs: { leaf: { enum: [{ $ref: '#/x' }], default: { $ref: '#' }, const: { $ref: '#' } } },
    });
  });
});
