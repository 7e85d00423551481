import { beforeEach, describe, expect, it } from 'vitest';
import { useGateway } from '../../support/gateway.ts';
import { createPrompt, createVersion, publish, saying } from '../support.ts';
import { SUMMARY, summarising, without } from './support.ts';

const OF_MANIFEST =
  'query Deployed($t: ShippedTicketInput!) { ai { shipped(ticket: $t) { result { title } } } }';
const gateway = useGateway({
  config: { operations: { mode: 'open', documents: { build7: OF_MANIFEST } } },
});

const SET = `mutation ($input: PromptLabelSetInput!) {
  promptLabelSet(input: $input) {
    prompt { labels { name version { number } } fieldFault }
    changes { kind message path operations }
    errors { code message path }
  }
}`;
const CHECK = `query ($slug: String!, $version: Int!, $label: String) {
  promptCheck(slug: $slug, version: $version, label: $label) {
    changes { kind path operations } errors { code message }
  }
}`;
const DELETE = `mutation ($input: PromptLabelDeleteInput!) {
  promptLabelDelete(input: $input) { changes { path operations } errors { code message } }
}`;
const ARCHIVE = `mutation ($slug: String!, $force: Boolean) {
  promptArchive(slug: $slug, force: $force) { errors { code message } }
}`;
const REGISTER = `mutation ($text: String!) {
  operationRegister(input: { text: $text }) { operation { id } errors { message } }
}`;

let slug: string;
let field: string;
let type: string;
let made = 0;
beforeEach(async () => {
  made += 1;
  slug = `ticket-${made}`;
  field = `ticket${made}`;
  // As names are made: a word that begins with a digit stays as it is.
  type = `Ticket${made}`;
  await publish(gateway(), slug, summarising());
});

async function set(version: number, more: object = {}) {
  const input = { slug, label: 'production', version, ...more };
  return (await gateway().ask(SET, { input })).data.promptLabelSet;
}
async function check(version: number, label?: string) {
  return (await gateway().ask(CHECK, { slug, version, label })).data.promptCheck;
}
async function register(text: string) {
  const { data } = await gateway().ask(REGISTER, { text });
  expect(data.operationRegister.errors).toEqual([]);
}
const next = (outputSchema: Record<string, unknown>, more = {}) =>
  createVersion(gateway(), { slug, version: summarising(outputSchema, more) });
const kinds = (changes: { kind: string; path: string }[]) =>
  changes.map(({ kind, path }) => `${kind} ${path}`);

describe('publishing', () => {
  it('tells what it adds to the graph', async () => {
    const properties = { ...(SUMMARY['properties'] as object), owner: { type: 'string' } };
    await next({ ...SUMMARY, properties });
    expect(kinds((await set(2)).changes)).toEqual([`SAFE ${type}Result.owner`, `SAFE ${type}Partial.owner`]);
    await createPrompt(gateway(), { slug: `new-${made}`, version: saying('new') });
    const first = await set(1, { slug: `new-${made}` });
    expect(first.changes).toMatchObject([{ kind: 'SAFE', path: `Ai.new${made}`, operations: [] }]);
  });

  it('tells of what is deprecated from when on', async () => {
    const { title, ...rest } = SUMMARY['properties'] as Record<string, object>;
    const deprecated = { ...title, deprecated: true, 'x-deprecated-since': '2026-11-01' };
    await next({ ...SUMMARY, properties: { ...rest, title: deprecated } });
    const { changes } = await set(2);
    expect(changes.map(({ message }: { message: string }) => message)).toContainEqual(
      expect.stringMatching(/Result\.title is deprecated: .*2026-11-01/),
    );
    const query = `{ type: __type(name: "${type}Result") { fields(includeDeprecated: true) { name deprecationReason } } }`;
    const { data } = await gateway().ask(query);
    expect(data.type.fields).toContainEqual({
      name: 'title',
      deprecationReason: expect.stringContaining('2026-11-01'),
    });
  });

  it('goes through where what it breaks is used by nobody', async () => {
    await register(
      `query Titles${made}($t: ${type}TicketInput!) { ai { ${field}(ticket: $t) { result { title } } } }`,
    );
    await next(without('urgency'));
    const { changes, errors } = await set(2);
    expect(errors).toEqual([]);
    expect(changes).toContainEqual({
      kind: 'BREAKING',
      message: `${type}Result.urgency was removed.`,
      path: `${type}Result.urgency`,
      operations: [],
    });
  });

  it('is refused where it breaks a registered operation, and goes through by force', async () => {
    const text = `query Urgent${made}($t: ${type}TicketInput!) {
      ai { ${field}(ticket: $t) { ...Parts } }
    } fragment Parts on ${type}Payload { result { urgency } }`;
    await register(text);
    await next(without('urgency'));
    const checked = await check(2);
    expect(checked.errors).toMatchObject([
      { code: 'CONFLICT', message: expect.stringContaining(`Urgent${made}`) },
    ]);
    const refused = await set(2);
    expect(refused).toMatchObject({ prompt: null, errors: [{ code: 'CONFLICT' }] });
    expect(refused.changes).toContainEqual(
      expect.objectContaining({ path: `${type}Result.urgency`, operations: [`Urgent${made}`] }),
    );
    const { data } = await gateway().ask(
      `{ ai { ${field}(ticket: { title: "a", body: "b" }) { result { urgency } } } }`,
    );
    expect(data.ai[field].result.urgency).toBe('LOW');
    const forced = await set(2, { force: true });
    expect(forced).toMatchObject({
      prompt: { labels: [{ name: 'production', version: { number: 2 } }] },
      errors: [],
    });
    expect((await set(1)).errors).toEqual([]);
  });

  it('breaks those that send what it does not take any more', async () => {
    await register(`subscription Inline${made} {
      ai { ${field}(ticket: { title: "a", body: "b" }) { event { cursor } } }
    }`);
    const variables = [{ name: 'text', type: 'STRING' }];
    await createVersion(gateway(), { slug, version: saying('{{ text }}', { variables }) });
    const { changes } = await check(2);
    const broken = changes.filter(({ operations }: { operations: string[] }) => operations.length > 0);
    expect(kinds(broken)).toEqual(
      expect.arrayContaining([`BREAKING AiStream.${field}(ticket:)`, `BREAKING AiStream.${field}(text:)`]),
    );
  });

  it('looks at the documents that were deployed too', async () => {
    await publish(gateway(), 'shipped', summarising());
    await createVersion(gateway(), { slug: 'shipped', version: summarising(without('title')) });
    expect((await set(2, { slug: 'shipped' })).errors).toMatchObject([
      { code: 'CONFLICT', message: expect.stringContaining('Deployed') },
    ]);
  });

  it('can be taken back only by force, where a registered operation asks for it', async () => {
    await register(
      `query Gone${made}($t: ${type}TicketInput!) { ai { ${field}(ticket: $t) { result { title } } } }`,
    );
    const input = { slug, label: 'production' };
    const taken = (await gateway().ask(DELETE, { input })).data.promptLabelDelete;
    expect(taken.errors).toMatchObject([
      { code: 'CONFLICT', message: expect.stringContaining(`Gone${made}`) },
    ]);
    expect(taken.changes).toContainEqual({ path: `Ai.${field}`, operations: [`Gone${made}`] });
    const archived = (await gateway().ask(ARCHIVE, { slug })).data.promptArchive;
    expect(archived.errors).toMatchObject([{ code: 'CONFLICT' }]);
    expect((await gateway().ask(ARCHIVE, { slug, force: true })).data.promptArchive.errors).toEqual([]);
    const { errors } = await gateway().ask(`{ ai { ${field}(ticket: {}) { result { title } } } }`);
    expect(errors?.[0]?.message).toContain(`Cannot query field "${field}"`);
  });

  it('of another label only tells', async () => {
    await register(
      `query All${made}($t: ${type}TicketInput!) { ai { ${field}(ticket: $t) { result { urgency } } } }`,
    );
    await next(without('urgency'));
    const { changes, errors } = await set(2, { label: 'staging' });
    expect(errors).toEqual([]);
    expect(changes).toContainEqual(expect.objectContaining({ operations: [`All${made}`] }));
  });

  it('is told of without being done', async () => {
    await next(without('steps'));
    const { changes, errors } = await check(2);
    expect(errors).toEqual([]);
    expect(kinds(changes)).toContain(`BREAKING ${type}Result.steps`);
    const { data } = await gateway().ask(`{ prompt(slug: "${slug}") { labels { version { number } } } }`);
    expect(data.prompt.labels).toEqual([{ version: { number: 1 } }]);
    expect(await check(9)).toBeNull();
  });
});

describe('what cannot be a field', () => {
  it('is refused when it is published, saying where', async () => {
    await next({ type: 'object', properties: { size: { type: ['string', 'integer'] } } });
    const { errors } = await set(2);
    expect(errors).toMatchObject([
      {
        code: 'INVALID_INPUT',
        path: ['input', 'version'],
        message: expect.stringMatching(/outputSchema\.properties\.size/),
      },
    ]);
    expect((await check(2)).errors).toMatchObject([{ code: 'INVALID_INPUT' }]);
  });

  it.each(['completion', 'user'])('is the prompt %s, whose types the graph has', async (taken) => {
    await createPrompt(gateway(), { slug: taken, version: saying('x', { outputSchema: SUMMARY }) });
    expect((await set(1, { slug: taken })).errors).toMatchObject([
      {
        code: 'INVALID_INPUT',
        message: expect.stringMatching(
          /gives the type (Completion|User)Payload, which the graph has already/,
        ),
      },
    ]);
  });

  it('takes no other prompt with it where it is there all the same', async () => {
    await createPrompt(gateway(), { slug: 'completion-x', version: saying('x') });
    const { sql } = gateway().gateway.database;
    // As if an older gateway had let it through.
    await sql`
      INSERT INTO prompt_labels (prompt_id, name, organisation_id, version, set_by, set_at)
      SELECT id, 'production', organisation_id, 1, 'key_of_a_test', now() FROM prompts WHERE slug = 'completion'`;
    expect((await set(1, { slug: 'completion-x' })).errors).toEqual([]);
    const { data } = await gateway().ask(
      '{ ai { completionX { result } } prompt(slug: "completion") { fieldFault } models(first: 1) { nodes { name } } }',
    );
    expect(data.prompt.fieldFault).toMatch(/CompletionPayload/);
    expect(data.ai.completionX.result).toBe('x');
    expect(gateway().logs.some((line) => line.includes('a prompt gets no field'))).toBe(true);
  });
});
