import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import { addOrganisation, HASHING_SECRET } from '../access/support/organisation.ts';
import { compileSchema } from '../../src/lib/json-schema.ts';
import { publish, saying, setLabel, createVersion } from '../prompts/support.ts';
import { useGateway } from '../support/gateway.ts';
import { ask, run, send, type Free } from './support.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });

const TICKET = {
  $id: 'https://example.com/ticket',
  type: 'object',
  properties: { title: { type: 'string' }, parent: { $ref: '#' }, urgency: { $ref: '#/$defs/urgency' } },
  required: ['title', 'urgency'],
  $defs: { urgency: { enum: ['LOW', 'HIGH'] } },
};
const VARIABLES = [
  {
    name: 'ticket',
    type: 'OBJECT',
    required: true,
    schema: { properties: { id: { $ref: '#/$defs/id' } }, $defs: { id: { type: 'integer' } } },
  },
  {
    name: 'tone',
    type: 'STRING',
    required: true,
    default: 'calm',
    description: 'How it sounds.',
    example: 'angry',
  },
  { name: 'photo', type: 'IMAGE', required: false },
];

const read = async (key?: string) =>
  (await ask(gateway(), '/v1/openapi.json', undefined, key === undefined ? {} : { key })).body;

beforeAll(async () => {
  const version = saying('Summarize {{ ticket.id }} {{ tone }} {{ photo }}', {
    model: 'demo/assistant',
    variables: VARIABLES,
    outputSchema: TICKET,
  });
  await publish(gateway(), 'summarize-ticket', version);
  await publish(gateway(), 'greet', saying('Hello!'));
});

/** The schema that a reference leads to, as a schema of its own with all that it refers to. */
function schemaAt(document: Free, name: string) {
  return { ...document.components.schemas[name], components: document.components };
}

describe('the document of all prompts', () => {
  it('is OpenAPI 3.1', async () => {
    const response = await send(gateway(), '/v1/openapi.json', undefined);
    expect(response.headers.get('content-type')).toBe('application/json');
    const document = await response.json();
    const validator = new Validator();
    expect(await validator.validate(document)).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
    // Every reference leads somewhere.
    expect(() => validator.resolveRefs()).not.toThrow();
    expect(Object.keys(document.paths)).toEqual([
      '/v1/prompts/greet/completions',
      '/v1/prompts/summarize-ticket/completions',
    ]);
  });

  it('has the types of what a prompt takes', async () => {
    const document = await read();
    const { operationId, requestBody } = document.paths['/v1/prompts/summarize-ticket/completions'].post;
    expect(operationId).toBe('summarizeTicket');
    expect(requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/SummarizeTicketRequest',
    });
    expect(document.components.schemas.SummarizeTicketRequest.required).toEqual(['variables']);
    expect(document.components.schemas.GreetRequest).not.toHaveProperty('required');
    const fits = compileSchema(schemaAt(document, 'SummarizeTicketRequest'));
    const photo = 'https://example.com/photo.png';
    expect(
      fits({ variables: { ticket: { id: 1 }, photo }, params: { temperature: 0.5 }, label: null }),
    ).toBeUndefined();
    for (const wrong of [
      {},
      { variables: {} },
      { variables: { ticket: { id: 'x' } } },
      { variables: { ticket: {}, colour: 1 } },
    ])
      expect(fits(wrong)).toBeDefined();
  });

  it('has the types of what it answers, which its answers meet', async () => {
    const document = await read();
    const fits = compileSchema(schemaAt(document, 'SummarizeTicketCompletion'));
    const { status, body } = await run(gateway(), 'summarize-ticket', {
      variables: { ticket: { id: 1 }, tone: 'calm' },
    });
    expect({ status, fault: fits(body) }).toEqual({ status: 200, fault: undefined });
    expect(fits({ ...body, result: { ...body.result, parent: { title: 1 } } })).toMatch(/parent/);
    expect(fits({ ...body, cost: null, usage: null, promptVersion: null })).toBeUndefined();
    const ofText = compileSchema(schemaAt(document, 'GreetCompletion'));
    expect(ofText((await run(gateway(), 'greet', {})).body)).toBeUndefined();
    const ofFailure = compileSchema(schemaAt(document, 'Failure'));
    expect(ofFailure((await run(gateway(), 'none', {})).body)).toBeUndefined();
  });

  it('is of what is published, of the own organisation', async () => {
    const other = await addOrganisation(gateway(), 'other');
    expect((await read(other.admin.secret)).paths).toEqual({});
  });

  it('is sent again only when it is another one', async () => {
    const first = await send(gateway(), '/v1/openapi.json', undefined);
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const headers = { 'if-none-match': `"other", W/${etag}` };
    const second = await send(gateway(), '/v1/openapi.json', undefined, { headers });
    expect({ status: second.status, text: await second.text() }).toEqual({ status: 304, text: '' });

    const variables = [{ name: 'name', type: 'STRING', required: true }];
    await createVersion(gateway(), { slug: 'greet', version: saying('Hello {{ name }}!', { variables }) });
    expect((await send(gateway(), '/v1/openapi.json', undefined, { headers })).status).toBe(304);
    await setLabel(gateway(), { slug: 'greet', label: 'production', version: 2 });
    const third = await send(gateway(), '/v1/openapi.json', undefined, { headers });
    expect(third.status).toBe(200);
    const { components } = await third.json();
    expect(components.schemas.GreetVariables.required).toEqual(['name']);
  });
});
