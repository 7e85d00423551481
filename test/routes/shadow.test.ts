import { describe, expect, it } from 'vitest';
import { say, STREAM } from '../completion/support/completions.ts';
import { subscribe } from '../completion/support/streams.ts';
import { bootGateway } from '../support/gateway.ts';
import { listCopies, useShadows } from './shadow-support.ts';
import { setRoute } from './support.ts';

const { gateway, main, other, shadowed, chat, copies, answerNext, counts } = await useShadows();

describe('the copy of a completion', () => {
  it('is a completion of its own, with its text, its cost and what it is a copy of', async () => {
    await shadowed();
    const { completion } = await chat();
    await answerNext('another answer');
    const [copy] = await copies();
    expect(copy).toMatchObject({
      origin: 'SHADOW',
      status: 'SUCCEEDED',
      text: 'another answer',
      requestedModel: 'other/model',
      cost: { amount: '0.00003' },
      shadowOf: { id: completion!.id },
    });
    const { data } = await gateway().ask(
      'query ($id: ID!) { completion(id: $id) { origin text shadowOf { id } shadows { id text team { id } key { id } } } }',
      { id: completion!.id },
    );
    expect(data.completion).toEqual({
      origin: 'CALLER',
      text: 'main',
      shadowOf: null,
      shadows: [{ id: copy!.id, text: 'another answer', team: null, key: null }],
    });
  });

  it('asks the same as the caller has asked, with the lowest priority', async () => {
    await shadowed();
    const messages = [{ role: 'USER', parts: [{ text: 'What is a sluice?' }] }];
    await chat(undefined, { source: { messages }, params: { temperature: 0.5, maxOutputTokens: 77 } });
    const call = await other.nextCall();
    expect(await call.body).toMatchObject({
      max_tokens: 77,
      temperature: 0.5,
      messages: [{ role: 'user', content: 'What is a sluice?' }],
    });
    call.finish();
  });

  it('of a stream keeps nobody waiting: the caller has the end while it hangs', async () => {
    await shadowed();
    const before = main.calls;
    const stream = await subscribe('WS', gateway(), {
      query: STREAM,
      variables: { input: say('chat'), coalesceMs: 0 },
    });
    const told = (await stream.rest()).map(({ __typename }) => __typename);
    expect(told).toEqual(['CompletionStarted', 'CompletionTextDelta', 'CompletionFinished']);
    const call = await other.nextCall();
    expect(await copies()).toMatchObject([
      { status: 'RUNNING' },
      { status: 'SUCCEEDED' },
      { status: 'SUCCEEDED' },
    ]);
    expect(main.calls).toBe(before + 1);
    call.finish();
  });

  it('changes nothing for the caller when it fails, nor when it breaks off', async () => {
    await shadowed();
    other.refusal = 500;
    expect(await chat()).toMatchObject({ completion: { text: 'main' }, errors: [] });
    await expect.poll(async () => (await copies())[0]!.status).toBe('FAILED');
    const failed = (await copies()).length;
    other.refusal = undefined;
    expect(await chat()).toMatchObject({ completion: { text: 'main' }, errors: [] });
    const call = await other.nextCall();
    call.say('hal');
    call.breakOff();
    await expect.poll(async () => (await copies())[0]!.status).toBe('FAILED');
    expect(await copies()).toHaveLength(failed + 1);
  });

  it('goes through another route where one is named', async () => {
    await setRoute(gateway(), { name: 'next-chat', targets: [{ model: 'other/model' }] });
    await shadowed({ model: 'next-chat' });
    await chat();
    await answerNext('by a route');
    expect((await copies())[0]).toMatchObject({ requestedModel: 'next-chat', text: 'by a route' });
  });

  it('is not copied itself, where the route that it goes through has a shadow too', async () => {
    await setRoute(gateway(), {
      name: 'next-chat',
      targets: [{ model: 'other/model' }],
      shadow: { model: 'main/model', percent: 100 },
    });
    await shadowed({ model: 'next-chat' });
    const before = (await copies()).length;
    await chat();
    await answerNext('once');
    expect(await copies()).toHaveLength(before + 1);
  });

  it('is made once of what an idempotency key stands for, and has none of its own', async () => {
    await shadowed();
    const key = 'the-same-again';
    const before = (await copies()).length;
    for (let times = 0; times < 2; times += 1) {
      await gateway().ask(
        'mutation ($input: CompletionInput!, $key: String) { completionCreate(input: $input, idempotencyKey: $key) { completion { id } } }',
        { input: say('chat'), key },
      );
    }
    await answerNext('once');
    const [copy, ...others] = await copies();
    expect(others).toHaveLength(before);
    const [row] = await gateway().gateway.database
      .sql`SELECT idempotency_key FROM completions WHERE id = ${copy!.id}`;
    expect(row).toEqual({ idempotency_key: null });
  });
});

describe('how many copies are made', () => {
  it('none of a route without a shadow', async () => {
    await setRoute(gateway(), { name: 'chat', targets: [{ model: 'main/model' }] });
    await chat();
    expect(other.calls).toBe(0);
  });

  it('a share of all, by lot', async () => {
    await shadowed({ percent: 0.000_01 });
    for (let times = 0; times < 10; times += 1) await chat();
    expect(other.calls).toBe(0);
  });

  it('no more at a time than may be; what comes beyond is counted', async () => {
    await shadowed({ maxConcurrent: 1 });
    const before = await counts();
    await chat();
    const call = await other.nextCall();
    await chat();
    await chat();
    await expect
      .poll(() => counts())
      .toMatchObject({ copied: before.copied + 1, dropped: before.dropped + 2 });
    expect((await counts()).lastDropped).toBe('1 copies were under way, as many as may be');
    call.finish();
    await expect.poll(async () => (await copies())[0]!.status).toBe('SUCCEEDED');
    await chat();
    await answerNext('there is room again');
  });
});

it('a drain waits for no copy: it is stopped, and settled', async () => {
  const { config } = other;
  const draining = await bootGateway({ config: { providers: [main.config, config] } });
  await setRoute(draining, {
    name: 'chat',
    targets: [{ model: 'demo/echo' }],
    shadow: { model: 'other/model', percent: 100 },
  });
  await draining.ask(
    'mutation ($input: CompletionInput!) { completionCreate(input: $input) { completion { id } } }',
    {
      input: say('chat'),
    },
  );
  const call = await other.nextCall();
  await draining.gateway.runs.drain(AbortSignal.timeout(60_000));
  await call.closed;
  expect(await listCopies(draining, ['SHADOW'])).toMatchObject([{ status: 'CANCELLED' }]);
  await draining.stop(0);
});
