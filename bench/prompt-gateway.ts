import { Client } from 'undici';
import { DEFAULT_ORGANISATION } from '../src/access/bootstrap.ts';
import { toEnvironment } from '../src/config/env.ts';
import { loadConfig } from '../src/config/load.ts';
import { toJsonParameter } from '../src/db/json.ts';
import type { Gateway } from '../src/gateway.ts';
import { createLogger } from '../src/lib/logger.ts';
import { start } from '../src/server/start.ts';

const KEY = 'sk-sluice-9fQ2mVx7LrT4wZbN8cHjK5pYdGs3uEaR';
const TICKET = { title: 'No hot water', body: 'The boiler is cold since Monday.' };
const ANSWER = 'completion { id text } errors { code message }';
const CREATE = `mutation ($input: CompletionInput!) { completionCreate(input: $input) { ${ANSWER} } }`;
const PROMPT = { slug: 'prompt-1', variables: { ticket: TICKET } };

/** What each prompt of the bench says: an object in, an object with a list of objects out. */
const SPEC = {
  messages: [{ role: 'USER', template: 'Summarise {{ ticket.title }}: {{ ticket.body }}' }],
  partials: {},
  variables: [
    {
      name: 'ticket',
      type: 'OBJECT',
      required: true,
      neverLog: false,
      schema: {
        type: 'object',
        required: ['title', 'body'],
        properties: {
          title: { type: 'string' },
          body: { type: 'string' },
          author: { type: 'object', properties: { name: { type: 'string' } } },
        },
      },
    },
  ],
  model: 'demo/assistant',
  params: {},
  tools: [],
  outputSchema: {
    type: 'object',
    required: ['title', 'urgency', 'steps'],
    properties: {
      title: { type: 'string' },
      urgency: { enum: ['low', 'middle', 'high'] },
      steps: {
        type: 'array',
        items: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
      },
    },
  },
};

/** A whole gateway in this process, and prompts for it. */
export interface PromptGateway extends AsyncDisposable {
  gateway: Gateway;
  /** The same work in several ways, over HTTP. */
  requests: Record<string, () => Promise<unknown>>;
}

export async function openPromptGateway(): Promise<PromptGateway> {
  const variables = {
    PORT: '0',
    SLUICE_ADMIN_KEY: KEY,
    SLUICE_DETECT: '0',
    LOG_LEVEL: 'silent',
    SLUICE_ENV: 'production',
  };
  const config = { ...loadConfig(toEnvironment(variables, '/nonexistent')), dataDir: 'memory://' };
  const running = await start(config, { logger: createLogger({ level: 'silent' }), variables });
  const { origin, pathname } = new URL(running.server.url);
  const client = new Client(origin);
  async function post(query: string, given: object = {}): Promise<void> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` };
    const body = JSON.stringify({ query, variables: given });
    const response = await client.request({ path: pathname, method: 'POST', headers, body });
    const { errors, data } = (await response.body.json()) as { errors?: unknown; data?: object };
    if (errors || /"code"/.test(JSON.stringify(data))) throw new Error(JSON.stringify(errors ?? data));
  }
  const field = `query ($ticket: Prompt1TicketInput!) {
    ai { prompt1(ticket: $ticket) { result { title urgency steps { text } } ${ANSWER} } }
  }`;
  return {
    gateway: running.gateway,
    requests: {
      'typed field': () => post(field, { ticket: TICKET }),
      'completionCreate of the prompt': () => post(CREATE, { input: { source: { prompt: PROMPT } } }),
      'completionCreate of a text': () =>
        post(CREATE, { input: { model: 'demo/echo', source: { text: 'Say something short.' } } }),
      'a read of the static graph': () => post('{ viewer { organisationId } }'),
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await running.stop(0);
    },
  };
}

/** Gives an organisation published prompts from one number to another. */
export async function addPrompts(
  { prompts: { sql, book } }: Pick<Gateway, 'prompts'>,
  range: { from: number; to: number },
  organisationId = DEFAULT_ORGANISATION,
): Promise<void> {
  const { from, to } = range;
  const ids = sql`SELECT ${organisationId} || ' ' || i AS id, i FROM generate_series(${from}::int, ${to}::int) AS i`;
  await sql`
    INSERT INTO prompts (id, organisation_id, slug, folder, version, created_at)
    SELECT id, ${organisationId}, 'prompt-' || i, '', 2, now() FROM (${ids}) AS x`;
  for (const number of [1, 2])
    await sql`
      INSERT INTO prompt_versions (id, prompt_id, number, organisation_id, spec, created_by, created_at)
      SELECT id || ${` v${number}`}, id, ${number}::int, ${organisationId}, ${toJsonParameter(SPEC)}::text::jsonb, 'bench',
        now()
      FROM (${ids}) AS x`;
  await sql`
    INSERT INTO prompt_labels (prompt_id, name, organisation_id, version, set_by, set_at)
    SELECT id, 'production', ${organisationId}, 1, 'bench', now() FROM (${ids}) AS x`;
  book.forget(organisationId);
}

/** Publishes the other version of one of them. */
export async function publishOther(
  { prompts: { sql, book } }: Pick<Gateway, 'prompts'>,
  organisationId = DEFAULT_ORGANISATION,
): Promise<void> {
  await sql`UPDATE prompt_labels SET version = 3 - version WHERE prompt_id = ${`${organisationId} 1`}`;
  book.forget(organisationId);
}

export async function addOrganisations({ database: { sql } }: Gateway, count: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    INSERT INTO organisations (id, name)
    SELECT 'org_bench' || i, 'Bench ' || i FROM generate_series(1, ${count}::int) AS i RETURNING id`;
  return rows.map(({ id }) => id);
}
