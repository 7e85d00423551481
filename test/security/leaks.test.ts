import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../server/support/client.ts';
import { askAs } from '../access/support/keys.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

const CANARY = 'sk-canary-7Qm38fhWq81ncVbz77TtYk29dkQp';
const gateway = useGateway({
  config: {
    providers: [
      {
        name: 'canary',
        type: 'openai-compatible',
        apiKey: CANARY,
        // Nobody listens there.
        baseURL: 'http://127.0.0.1:9/v1',
        headers: { 'x-canary': CANARY },
        settings: {},
        models: [{ id: 'bird' }],
      },
    ],
  },
});

/** What no answer may hold: SQL, frames of a stack, paths, addresses of vendors, keys. */
const SECRETS = [
  /select .* from|insert into|syntax error at or near|relation "/i,
  /\bat .*\(?.*\.[tj]s:\d+/,
  /node_modules|\/src\//,
  /127\.0\.0\.1:9|ECONNREFUSED/,
  new RegExp(CANARY.slice(3)),
  new RegExp(ADMIN_KEY),
  /secret_?hash/i,
];

const BAD = [
  '{',
  '{ nothing }',
  '{ node(id: "\\u0000") { id } }',
  '{ completion(id: "x\'y") { id } }',
  '{ completions(first: -1) { totalCount } }',
  '{ completions(after: "x") { totalCount } }',
  '{ usage(range: { from: "nonsense" }) { total { requests } } }',
  '{ models(filter: { provider: { contains: "%" } }) { nodes { name } } }',
  'mutation { completionCreate(input: { model: "canary/bird", source: { text: "x" } }) { completion { attempts { error { message } } } errors { code message } } }',
  'mutation { completionCreate(input: { model: "no/such", source: { text: "x" } }) { errors { message } } }',
  'mutation { keyCreate(input: { name: "", scopes: [] }) { errors { message } } }',
  'mutation { operationRegister(input: { text: "{" }) { errors { message } } }',
  'subscription { nothing }',
];

describe.each(TRANSPORTS)('an answer over %s', (transport) => {
  it.each(BAD)('to %s tells nothing of the inside', async (query) => {
    for (const authorization of [`Bearer ${ADMIN_KEY}`, 'Bearer wrong', undefined]) {
      const answer = JSON.stringify(await askAs(authorization, transport, gateway().url, { query }));
      for (const secret of SECRETS) expect(answer).not.toMatch(secret);
    }
  });
});

it('the log holds no key and no prompt', async () => {
  const prompt = 'a prompt that nobody else may read';
  await gateway().ask(
    'mutation ($input: CompletionInput!) { completionCreate(input: $input) { errors { code } } }',
    { input: { model: 'canary/bird', source: { text: prompt } } },
  );
  const log = gateway().logs.join('');
  expect(log.length).toBeGreaterThan(0);
  for (const secret of [CANARY, ADMIN_KEY, prompt]) expect(log).not.toContain(secret);
});
