import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKey, revoke, type MadeKey } from '../../access/support/keys.ts';
import { useGateway, type Answer } from '../../support/gateway.ts';
import { listSettled } from '../fields/support.ts';
import { act, promptIdOf } from '../store/support.ts';
import { publish } from '../support.ts';
import { bound, startRouter, SUMMARY, type Router } from './support.ts';

const gateway = useGateway();
let router: Router;
let key: MadeKey;

const TICKETS = [
  { id: 't1', title: 'Boiler', body: 'it is cold' },
  { id: 't2', title: 'Lift', body: 'it is stuck' },
  { id: 't3', title: 'Unsaid', body: null },
  { id: 't4', title: 'Door', body: 'it does not close' },
  { id: 't5', title: 'Door', body: 'it does not close' },
];
const QUERY = '{ tickets { id title summary { title urgency } } }';

beforeAll(async () => {
  await publish(gateway(), 'summarize-ticket', bound('summary', SUMMARY));
  await publish(gateway(), 'answer-ticket', bound('reply', { model: 'demo/error' }));
  await publish(gateway(), 'title-ticket', bound('headline'));
  router = await startRouter(gateway(), TICKETS);
});
beforeEach(async () => {
  key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
  router.takeSent();
});

const codesOf = (errors: Answer['errors']) => errors?.map(({ extensions }) => extensions['code']).toSorted();

describe('a router of a federation', () => {
  it('answers the field of each entity in one request, one completion for each that is another', async () => {
    const { data, errors } = await router.ask(QUERY, key.secret);
    const summaryOf = (text: string) => ({ title: text, urgency: 'LOW' });
    expect(data.tickets).toEqual([
      { id: 't1', title: 'Boiler', summary: summaryOf('Boiler') },
      { id: 't2', title: 'Lift', summary: summaryOf('Lift') },
      { id: 't3', title: 'Unsaid', summary: null },
      { id: 't4', title: 'Door', summary: summaryOf('Door') },
      { id: 't5', title: 'Door', summary: summaryOf('Door') },
    ]);
    expect(errors).toMatchObject([
      {
        message: 'Ticket.summary: body is missing; it must be a STRING',
        extensions: { code: 'INVALID_INPUT' },
      },
    ]);
    const sent = router.takeSent();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.variables?.representations).toMatchObject(
      TICKETS.map(({ body, ...rest }) => ({ __typename: 'Ticket', body, ...rest })),
    );
    const settled = await listSettled(gateway(), key.id);
    expect(settled.map(({ status, version }) => [status, version])).toEqual(
      Array.from({ length: 3 }, () => ['SUCCEEDED', 1]),
    );
  });

  it('answers several fields of an entity, of which one fails alone', async () => {
    const { data, errors } = await router.ask('{ tickets { id headline reply } }', key.secret);
    expect(data.tickets[0]).toEqual({
      id: 't1',
      headline: 'Boiler: it is cold',
      reply: null,
    });
    expect(data.tickets.map(({ reply }: { reply: unknown }) => reply)).toEqual(TICKETS.map(() => null));
    expect(codesOf(errors)).toEqual([
      'INVALID_INPUT',
      'INVALID_INPUT',
      ...Array.from({ length: 4 }, () => 'PROVIDER_ERROR'),
    ]);
    expect(router.takeSent()).toHaveLength(1);
  });

  it('gets as many as a budget has left', async () => {
    const subjectId = await promptIdOf(gateway(), 'summarize-ticket');
    const set =
      'mutation ($input: BudgetSetInput!) { budgetSet(input: $input) { budget { id } errors { code } } }';
    const input = { scope: 'PROMPT', subjectId, unit: 'REQUESTS', limit: '2', window: 'TOTAL' };
    const { budget } = await act(gateway(), set, { input });
    const { data, errors } = await router.ask(QUERY, key.secret);
    const answered = data.tickets.filter(({ summary }: { summary: unknown }) => summary !== null);
    expect(answered.map(({ id }: { id: string }) => id)).toEqual(['t1', 't2']);
    expect(codesOf(errors)).toEqual(['BUDGET_EXCEEDED', 'BUDGET_EXCEEDED', 'INVALID_INPUT']);
    expect(await listSettled(gateway(), key.id)).toHaveLength(2);
    await act(gateway(), 'mutation ($id: ID!) { budgetDelete(id: $id) { errors { code } } }', {
      id: budget.id,
    });
  });

  it('gets the rest where its key is worth nothing any more', async () => {
    await revoke(gateway(), key);
    const { data, errors } = await router.ask('{ tickets { title summary { title } } }', key.secret);
    expect(data.tickets).toEqual(TICKETS.map(({ title }) => ({ title, summary: null })));
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('reaches the fields of prompts themselves', async () => {
    const { data, errors } = await router.ask(
      '{ ai { summarizeTicket(title: "Gate", body: "open") { result { title urgency } errors { code } } } }',
      key.secret,
    );
    expect(errors).toBeUndefined();
    expect(data.ai.summarizeTicket).toEqual({ result: { title: 'Gate', urgency: 'LOW' }, errors: [] });
  });
});
