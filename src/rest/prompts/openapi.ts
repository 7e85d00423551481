import { fieldNameOf, type JsonSchema } from '../../domain/prompt.ts';
import type { PublishedPrompt } from '../../prompts/published.ts';
import { relocateRefs } from '../../prompts/relocate-refs.ts';
import { toJsonSchema } from '../../prompts/variable-schema.ts';
import { COMPONENTS, completionSchemas, object, settingsSchemas } from './openapi-parts.ts';

/** https://spec.openapis.org/oas/v3.1.1 */
export interface OpenApiDocument {
  openapi: '3.1.0';
  info: object;
  servers: object[];
  security: object[];
  paths: Record<string, object>;
  components: typeof COMPONENTS & { schemas: Record<string, JsonSchema> };
}

/** One document of all that is published: a path for each prompt, with the types of what it takes and answers. */
export function describeAll(prompts: readonly PublishedPrompt[]): OpenApiDocument {
  const schemas = Object.assign({}, ...prompts.map(schemasOf)) as Record<string, JsonSchema>;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version: '1',
      description:
        'The published prompts of an organisation, each an endpoint. Made from their variables and output schemas.',
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }, { certificate: [] }],
    paths: Object.fromEntries(prompts.map((prompt) => [pathOf(prompt), { post: operationOf(prompt) }])),
    components: { ...COMPONENTS, schemas: { ...COMPONENTS.schemas, ...schemas } },
  };
}

function pathOf({ slug }: PublishedPrompt): string {
  return `/v1/prompts/${slug}/completions`;
}

/** `summarize-ticket` gives `SummarizeTicket`. */
function typeNameOf({ slug }: PublishedPrompt): string {
  const name = fieldNameOf(slug);
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

function refTo(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** Those of one prompt, by names that no other has and that nothing common has. */
function schemasOf(prompt: PublishedPrompt): Record<string, JsonSchema> {
  const { variables, outputSchema } = prompt.version.spec;
  const name = typeNameOf(prompt);
  const needed = toJsonSchema(variables, refTo(`${name}Variables`).$ref);
  const result = outputSchema && relocateRefs(outputSchema, refTo(`${name}Result`).$ref);
  const answer = result ? { result: refTo(`${name}Result`) } : { text: { type: 'string' } };
  return {
    [`${name}Variables`]: needed,
    [`${name}Request`]: {
      type: 'object',
      properties: { variables: refTo(`${name}Variables`), ...settingsSchemas() },
      ...('required' in needed && { required: ['variables'] }),
      additionalProperties: false,
    },
    ...(result && { [`${name}Result`]: result }),
    [`${name}Completion`]: object({ ...answer, ...completionSchemas() }),
  };
}

function operationOf(prompt: PublishedPrompt): object {
  const name = typeNameOf(prompt);
  const { slug, folder, description } = prompt;
  return {
    operationId: fieldNameOf(slug),
    summary: slug,
    ...(description !== undefined && { description }),
    ...(folder !== '' && { tags: [folder] }),
    parameters: ['IdempotencyKey', 'LastEventId', 'Team'].map((each) => ({
      $ref: `#/components/parameters/${each}`,
    })),
    requestBody: { required: true, content: { 'application/json': { schema: refTo(`${name}Request`) } } },
    responses: {
      200: {
        description: 'A completion; with `stream`, its events, of which the last is `finished` or `failed`.',
        content: {
          'application/json': { schema: refTo(`${name}Completion`) },
          'text/event-stream': { schema: { type: 'string' } },
        },
      },
      default: { $ref: '#/components/responses/Failure' },
    },
  };
}
