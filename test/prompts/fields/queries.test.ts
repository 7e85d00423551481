import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKey, type MadeKey } from '../../access/support/keys.ts';
import { addOrganisation, HASHING_SECRET, type Tenant } from '../../access/support/organisation.ts';
import { toldIn } from '../../response-cache/support/reads.ts';
import { DEFAULTS } from '../../support/defaults.ts';
import { useGateway } from '../../support/gateway.ts';
import { createPrompt, createVersion, publish, saying, setLabel } from '../support.ts';
import { listSettled, summarising } from './support.ts';

const gateway = useGateway({
  variables: { SLUICE_SECRET: HASHING_SECRET },
  config: {
    introspection: 'public',
    limits: { ...DEFAULTS.limits, operationRootFields: 5, operationCost: 290 },
  },
});
let key: MadeKey;
let other: Tenant;

beforeAll(async () => {
  other = await addOrganisation(gateway(), 'Other');
  await publish(gateway(), 'summarize-ticket', summarising());
  await publish(gateway(), 'greet', saying('Hello {{ name }}!', { variables: [NAME] }));
});
beforeEach(async () => {
  key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
});

const NAME = { name: 'name', type: 'STRING' };
const SUMMARIZE = `query ($ticket: SummarizeTicketTicketInput!, $run: PromptRunInput) {
  ai { summarizeTicket(ticket: $ticket, run: $run) {
    result { title urgency steps { text minutes } }
    completion { id object cost { amount } tags { key value } promptVersion { number } }
    errors { code message path }
  } }
}`;
const TICKET = { title: 'No hot water', body: 'The boiler is cold since Monday.' };
const TYPES =
  '{ type: __type(name: "Ai") { fields { name args { name type { name kind ofType { name } } } } } }';

async function summarize(variables: object) {
  const { data, errors } = await gateway().ask(SUMMARIZE, variables, { key: key.secret });
  return { ...data?.ai.summarizeTicket, operationErrors: errors };
}
const greet = (more = '', headers: Record<string, string> = {}) =>
  gateway().ask(`{ ai { greet(name: "Ada"${more}) { result errors { code message path } } } }`, undefined, {
    key: key.secret,
    headers,
  });

describe('a published prompt', () => {
  it('is a field that answers what its output schema says, and is charged once', async () => {
    const { result, completion, errors } = await summarize({ ticket: TICKET });
    expect(errors).toEqual([]);
    expect(result).toEqual({
      title: expect.any(String),
      urgency: 'LOW',
      steps: [{ text: expect.any(String), minutes: expect.any(Number) }],
    });
    expect(completion).toMatchObject({
      object: { title: result.title, urgency: 'low' },
      cost: { amount: expect.stringMatching(/^0\.0*[1-9]/) },
      promptVersion: { number: 1 },
    });
    expect(await listSettled(gateway(), key.id)).toEqual([
      { id: completion.id, status: 'SUCCEEDED', version: 1 },
    ]);
  });

  it('answers text where it has no output schema', async () => {
    expect((await greet()).data).toEqual({ ai: { greet: { result: 'Hello Ada!', errors: [] } } });
  });

  it('takes what a run is told beside its variables', async () => {
    const run = { model: 'demo/assistant', tags: [{ key: 'app', value: 'desk' }], idempotencyKey: 'run-1' };
    const first = await summarize({ ticket: TICKET, run });
    expect(first.completion.tags).toContainEqual({ key: 'app', value: 'desk' });
    expect((await summarize({ ticket: TICKET, run })).completion.id).toBe(first.completion.id);
    const changed = { ...TICKET, title: 'Another' };
    expect((await summarize({ ticket: changed, run })).errors).toMatchObject([{ code: 'CONFLICT' }]);
    expect(await listSettled(gateway(), key.id)).toHaveLength(1);
  });

  it('is in the schema that code generators read', async () => {
    const { data } = await gateway().ask(TYPES);
    expect(data.type.fields).toContainEqual({
      name: 'greet',
      args: [
        { name: 'name', type: { name: null, kind: 'NON_NULL', ofType: { name: 'String' } } },
        { name: 'run', type: { name: 'PromptRunInput', kind: 'INPUT_OBJECT', ofType: null } },
      ],
    });
  });

  it('composes in the subgraph', async () => {
    const { data } = await gateway().ask('{ service: _service { sdl } }');
    expect(data.service.sdl).toMatch(/extend type Query \{[^}]*\n {2}ai: Ai!\n\}/);
    expect(data.service.sdl).toContain('type SummarizeTicketResult {');
    const typeDefs = parse(data.service.sdl as string);
    const { errors = [] } = composeServices([{ name: 'sluice', url: 'http://sluice', typeDefs }]);
    expect(errors).toEqual([]);
  });
});

describe('what a caller does wrong', () => {
  it('is told before any cost, by the name of the variable and its type', async () => {
    const { operationErrors } = await summarize({ ticket: { title: 5, body: 'x' } });
    expect(operationErrors).toMatchObject([
      { message: expect.stringMatching(/ticket\.title.*String/), extensions: { code: 'INVALID_INPUT' } },
    ]);
    const missing = await summarize({});
    expect(missing.operationErrors?.[0]?.message).toMatch(/ticket.*required/);
    expect(await listSettled(gateway(), key.id)).toEqual([]);
  });

  it('is told where it stands among the arguments', async () => {
    const { data } = await greet(', run: { params: { temperature: 9 } }');
    expect(data.ai.greet.errors).toMatchObject([
      {
        code: 'INVALID_INPUT',
        path: ['run', 'params', 'temperature'],
        message: expect.stringMatching(/^run\.params\.temperature /),
      },
    ]);
  });

  it('is told of what only its value shows', async () => {
    const variables = [{ name: 'picture', type: 'IMAGE' }];
    await publish(gateway(), 'look', saying('What is on {{ picture }}?', { variables }));
    const query = '{ ai { look(picture: "ftp://x") { result errors { code path message } } } }';
    const { data } = await gateway().ask(query, undefined, { key: key.secret });
    expect(data.ai.look.errors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['picture'], message: expect.stringMatching(/^picture /) },
    ]);
    expect(await listSettled(gateway(), key.id)).toEqual([]);
  });

  it('is data where the model fails, and the completion is there', async () => {
    const run = { model: 'demo/error' };
    const { result, completion, errors } = await summarize({ ticket: TICKET, run });
    expect({ result, errors }).toMatchObject({ result: null, errors: [{ code: expect.any(String) }] });
    expect(completion === null || completion.object === null).toBe(true);
  });

  it('counts for as many calls as it is', async () => {
    const prompts = (count: number) =>
      Array.from({ length: count }, (_, index) => `a${index}: greet(name: "x") { result }`).join(' ');
    const wide = await gateway().ask(`{ ai { ${prompts(6)} } }`);
    expect(wide.errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_WIDE' } }]);
    const costly = prompts(5).replaceAll('result', 'result errors { code message path }');
    expect((await gateway().ask(`{ ai { ${costly} } }`)).errors).toMatchObject([
      { extensions: { code: 'QUERY_TOO_EXPENSIVE', cost: 1 + 5 * (50 + 1 + 1 + 10 * 3) } },
    ]);
    const { data } = await gateway().ask(`{ ai { ${prompts(5)} } }`);
    expect(Object.keys(data.ai)).toHaveLength(5);
  });
});

describe('whoever', () => {
  it('is not known sees no prompts', async () => {
    const { data } = await gateway().ask(TYPES, undefined, { key: null });
    expect(data.type).toBeNull();
  });

  it('may not ask for completions may not ask for prompts', async () => {
    const reader = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    const { errors } = await gateway().ask('{ ai { greet(name: "x") { result } } }', undefined, {
      key: reader.secret,
    });
    expect(errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN' }, message: expect.stringContaining('Query.ai') },
    ]);
  });

  it('belongs to another organisation sees theirs, and no others', async () => {
    const asOther = { key: other.admin.secret };
    expect((await gateway().ask(TYPES, undefined, asOther)).data.type).toBeNull();
    const { errors } = await gateway().ask('{ ai { greet(name: "x") { result } } }', undefined, asOther);
    expect(errors?.[0]?.message).toMatch(/Cannot query field "ai"/);
    const input = { slug: 'own', version: saying('own') };
    const create =
      'mutation ($input: PromptCreateInput!) { promptCreate(input: $input) { errors { message } } }';
    const label = `mutation { promptLabelSet(input: { slug: "own", label: "production", version: 1 }) {
      errors { message }
    } }`;
    await gateway().ask(create, { input }, asOther);
    await gateway().ask(label, undefined, asOther);
    const { data } = await gateway().ask(TYPES, undefined, asOther);
    expect(data.type.fields.map(({ name }: { name: string }) => name)).toEqual(['own']);
  });
});

describe('a label', () => {
  const STAGING = { 'x-sluice-prompt-label': 'staging' };

  it('is served to whoever names it, and production where a prompt has none', async () => {
    await createVersion(gateway(), {
      slug: 'greet',
      version: saying('Hi {{ name }}!', { variables: [NAME] }),
    });
    await setLabel(gateway(), { slug: 'greet', label: 'staging', version: 2 });
    expect((await greet('', STAGING)).data.ai.greet.result).toBe('Hi Ada!');
    expect((await greet()).data.ai.greet.result).toBe('Hello Ada!');
    const socket = gateway().socket({ key: key.secret, params: STAGING });
    const [told] = await Array.fromAsync(
      socket.iterate<{ ai: { greet: { result: string } } }>({
        query: '{ ai { greet(name: "Ada") { result } } }',
      }),
    );
    expect(told?.data?.ai.greet.result).toBe('Hi Ada!');
    expect((await greet('', { 'x-sluice-prompt-label': 'nowhere' })).data.ai.greet.result).toBe('Hello Ada!');
    const { data } = await gateway().ask(TYPES, undefined, { headers: STAGING });
    expect(data.type.fields).toHaveLength(3);
  });
});

describe('an answer that may be given again', () => {
  const ASK = '{ ai { kept(name: "Ada") { result completion { id } errors { code } } } }';
  const ask = async () => {
    const answer = await gateway().ask(ASK, undefined, { key: key.secret });
    return { id: answer.data.ai.kept.completion.id, text: answer.data.ai.kept.result, told: toldIn(answer) };
  };

  it('is given again until another version is published', async () => {
    const more = { variables: [NAME], cacheSeconds: 60 };
    await createPrompt(gateway(), { slug: 'kept', version: saying('One {{ name }}', more) });
    await createVersion(gateway(), { slug: 'kept', version: saying('Two {{ name }}', more) });
    await setLabel(gateway(), { slug: 'kept', label: 'production', version: 1 });
    const first = await ask();
    const second = await ask();
    expect(first.told).toMatchObject({ hit: false, didCache: true, ttl: 60_000 });
    expect(second).toMatchObject({ id: first.id, text: 'One Ada', told: { hit: true } });
    await setLabel(gateway(), { slug: 'kept', label: 'production', version: 2 });
    expect(await ask()).toMatchObject({ text: 'Two Ada', told: { hit: false } });
    expect(await listSettled(gateway(), key.id)).toHaveLength(2);
  });

  it('is not where the version says nothing of it', async () => {
    expect(toldIn(await greet())).toBeUndefined();
  });
});
