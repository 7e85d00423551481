import { Client, StreamableHTTPClientTransport, type ClientOptions } from '@modelcontextprotocol/client';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { addOrganisation, HASHING_SECRET } from '../access/support/organisation.ts';
import { deleteBudget, setBudget } from '../budgets/support.ts';
import { listCompletions } from '../completion/support/completions.ts';
import { createVersion, publish, saying, setLabel } from '../prompts/support.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { ask } from './support.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });

/** The protocol of 2025, which begins with a handshake, and that of 2026, which does not. */
const ERAS = { 2025: 'legacy', 2026: { pin: '2026-07-28' } } as const;
const eras = Object.keys(ERAS).map(Number) as (keyof typeof ERAS)[];

const TICKET = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
const LONG = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');

beforeAll(async () => {
  const name = { name: 'name', type: 'STRING', required: true, description: 'Whom to greet.' };
  const items = { name: 'items', type: 'LIST', required: false, default: [] };
  const greet = saying('Hello {{ name }}!{% for item in items %} {{ item }}{% endfor %}', {
    variables: [name, items],
  });
  await publish(gateway(), 'greet-somebody', greet);
  await publish(
    gateway(),
    'summarize',
    saying('Summarize.', { model: 'demo/assistant', outputSchema: TICKET }),
  );
  const list = { type: 'array', items: { $ref: '#/$defs/word' }, $defs: { word: { type: 'string' } } };
  await publish(gateway(), 'list', saying('List.', { model: 'demo/assistant', outputSchema: list }));
  await publish(gateway(), 'recite', saying(LONG));
  await publish(gateway(), 'talk', saying('Go on.', { model: 'demo/slow' }));
  await publish(gateway(), 'fail', saying('Go on.', { model: 'demo/cut' }));
  await publish(gateway(), 'costly', saying('Hi.', { model: 'demo/expensive' }));
});

async function connect(
  era: keyof typeof ERAS,
  { key = ADMIN_KEY, ...options }: { key?: string } & ClientOptions = {},
) {
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: ERAS[era] }, ...options },
  );
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', gateway().url), { requestInit }));
  onTestFinished(() => client.close());
  return client;
}

const slowOnes = async () => listCompletions(gateway(), { model: { eq: 'demo/slow' } });

describe.each(eras)('a client of %i', (era) => {
  it('finds the published prompts as tools', async () => {
    const client = await connect(era);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'costly',
      'fail',
      'greet_somebody',
      'list',
      'recite',
      'summarize',
      'talk',
    ]);
    expect(tools.find(({ name }) => name === 'greet_somebody')).toMatchObject({
      title: 'greet-somebody',
      description: 'Runs the prompt greet-somebody.',
      inputSchema: {
        type: 'object',
        properties: {
          name: { type: 'string', description: 'Whom to greet.' },
          items: { type: 'array', default: [] },
        },
        required: ['name'],
        additionalProperties: false,
      },
    });
  });

  it('runs one, and reads what it cost', async () => {
    const client = await connect(era);
    const result = await client.callTool({
      name: 'greet_somebody',
      arguments: { name: 'Ada', items: ['one', 'two'] },
    });
    expect(result).toMatchObject({
      content: [{ type: 'text', text: 'Hello Ada! one two' }],
      _meta: {
        'sluice/completion': {
          status: 'SUCCEEDED',
          model: 'demo/echo',
          promptVersion: 1,
          cost: { amount: '0' },
        },
      },
    });
    expect(result.isError ?? false).toBe(false);
  });

  it('gets objects as structured content, and anything else as the result in one', async () => {
    const client = await connect(era);
    const { tools } = await client.listTools();
    const schemaOf = (called: string) => tools.find(({ name }) => name === called)?.outputSchema;
    expect(schemaOf('summarize')).toMatchObject(TICKET);
    expect(schemaOf('list')).toMatchObject({
      type: 'object',
      properties: { result: { type: 'array', items: { $ref: '#/properties/result/$defs/word' } } },
    });
    const summary = await client.callTool({ name: 'summarize' });
    expect(summary.structuredContent).toEqual({ title: expect.any(String) });
    expect(summary.content).toEqual([{ type: 'text', text: JSON.stringify(summary.structuredContent) }]);
    const listed = await client.callTool({ name: 'list' });
    expect(listed.structuredContent).toEqual({ result: expect.any(Array) });
  });

  it('hears of its progress', async () => {
    const client = await connect(era);
    const heard: { progress: number; message?: string | undefined }[] = [];
    await client.callTool({ name: 'recite' }, { onprogress: (progress) => heard.push(progress) });
    expect(heard.length).toBeGreaterThan(2);
    expect(heard.map(({ message = '' }) => message).join('')).toBe(LONG);
    expect(heard.at(-1)!.progress).toBe(LONG.length);
  });

  it('is told as a result what a model did not do', async () => {
    const client = await connect(era);
    const result = await client.callTool({ name: 'fail' });
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: expect.stringMatching(/^PROVIDER_ERROR: /) }],
      _meta: { 'sluice/completion': { status: 'FAILED' } },
    });
  });

  it('is held by budgets, scopes and lists of models, before anything is called', async () => {
    const before = await listCompletions(gateway(), {});
    const { id } = await setBudget(gateway(), { limit: '0.000001' });
    const broke = await (await connect(era)).callTool({ name: 'costly' });
    expect(broke).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/^BUDGET_EXCEEDED: /) }],
    });
    await deleteBudget(gateway(), id);
    for (const input of [
      { scopes: ['USAGE_READ' as const] },
      { scopes: ['COMPLETIONS_WRITE' as const], models: ['demo/slow'] },
    ]) {
      const { secret: key } = await makeKey(gateway(), input);
      const refused = await (await connect(era, { key })).callTool({ name: 'costly' });
      expect(refused).toMatchObject({
        isError: true,
        content: [{ text: expect.stringMatching(/^FORBIDDEN: /) }],
      });
    }
    expect(await listCompletions(gateway(), {})).toEqual(before);
  });

  it('stops the model when it cancels', async () => {
    const client = await connect(era);
    const before = await slowOnes();
    const cancelling = new AbortController();
    const calling = client.callTool({ name: 'talk' }, { signal: cancelling.signal });
    await expect.poll(async () => (await slowOnes()).length).toBe(before.length + 1);
    cancelling.abort();
    await expect(calling).rejects.toThrow(/abort|cancel/i);
    await expect.poll(async () => (await slowOnes())[0]!.status).toBe('CANCELLED');
  });

  it('does not know what is not published, nor what others have', async () => {
    const other = await addOrganisation(gateway(), 'other');
    const client = await connect(era, { key: other.admin.secret });
    expect((await client.listTools()).tools).toEqual([]);
    expect((await client.listPrompts()).prompts).toEqual([]);
    for (const name of ['greet_somebody', 'none'])
      await expect(client.callTool({ name })).rejects.toMatchObject({
        code: -32602,
        message: expect.stringMatching(/is published/),
      });
  });

  it('gets the messages of a prompt alone, with its arguments as texts', async () => {
    const client = await connect(era);
    const before = await listCompletions(gateway(), {});
    const { prompts } = await client.listPrompts();
    expect(prompts.find(({ name }) => name === 'greet_somebody')).toMatchObject({
      arguments: [
        { name: 'name', description: 'Whom to greet.', required: true },
        { name: 'items', required: false },
      ],
    });
    const { messages } = await client.getPrompt({
      name: 'greet_somebody',
      arguments: { name: 'Ada', items: '["one"]' },
    });
    expect(messages).toEqual([{ role: 'user', content: { type: 'text', text: 'Hello Ada! one' } }]);
    expect(await listCompletions(gateway(), {})).toEqual(before);
  });
});

describe('a change of the prompts', () => {
  it('is told to whoever listens, of the own organisation', async () => {
    const other = await addOrganisation(gateway(), 'not told');
    const heard = { ours: 0, theirs: 0 };
    const ours = await connect(2026);
    const theirs = await connect(2026, { key: other.admin.secret });
    ours.setNotificationHandler('notifications/tools/list_changed', () => void (heard.ours += 1));
    theirs.setNotificationHandler('notifications/tools/list_changed', () => void (heard.theirs += 1));
    await Promise.all([ours, theirs].map((client) => client.listen({ toolsListChanged: true })));
    await createVersion(gateway(), { slug: 'recite', version: saying('Less.') });
    await setLabel(gateway(), { slug: 'recite', label: 'production', version: 2 });
    await expect.poll(() => heard.ours).toBeGreaterThan(0);
    expect(heard.theirs).toBe(0);
    expect(await ours.callTool({ name: 'recite' })).toMatchObject({ content: [{ text: 'Less.' }] });
  });
});

describe('a message', () => {
  const hello = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const accept = { accept: 'application/json, text/event-stream' };

  it.each(['https://evil.example.com', 'null', 'http://localhost.evil.example.com'])(
    'does not come from a page of %s',
    async (origin) => {
      const { status, body } = await ask(gateway(), '/mcp', hello, { headers: { ...accept, origin } });
      expect(status).toBe(403);
      expect(body).toMatchObject({
        jsonrpc: '2.0',
        error: { code: -32000, data: { errors: [{ code: 'FORBIDDEN' }] } },
      });
    },
  );

  it('shows a key, comes alone, and is posted', async () => {
    expect((await ask(gateway(), '/mcp', hello, { key: null, headers: accept })).status).toBe(401);
    const batch = await ask(gateway(), '/mcp', [hello, hello], { headers: accept });
    expect(batch).toMatchObject({
      status: 400,
      body: { error: { code: -32600, message: expect.stringMatching(/batches/) } },
    });
    const got = await ask(gateway(), '/mcp', undefined, { headers: accept });
    expect({ status: got.status, allow: got.headers.get('allow') }).toEqual({ status: 405, allow: 'POST' });
  });
});
