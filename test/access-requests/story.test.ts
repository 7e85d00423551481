import { afterEach, describe, expect, it } from 'vitest';
import { lapseRequests } from '../../src/access/requests/end.ts';
import { makeKey } from '../access/support/keys.ts';
import { postForStream, readResults } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import {
  cancel,
  complete,
  decide,
  expectAuditToHold,
  grant,
  inMs,
  request,
  REQUEST,
  revokeGrant,
  scopesOf,
  setAskFirst,
  type Told,
} from './support.ts';

const gateway = useGateway();
afterEach(() => expectAuditToHold(gateway()));

const caller = (models: string[] = []) => makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models });
const admin = async () => (await gateway().ask('{ viewer { key { id } } }')).data.viewer.key.id as string;
const idOf = (told: Told | null) => told?.id ?? '';

async function auditOf(target: string): Promise<string[]> {
  const { data } = await gateway().ask(
    'query ($target: String) { auditEvents(filter: { target: { eq: $target } }) { nodes { action actor } } }',
    { target },
  );
  return (data.auditEvents.nodes as { action: string; actor: string }[])
    .map(({ action, actor }) => `${action} by ${actor}`)
    .toReversed();
}

describe('a request', () => {
  it('is asked for, decided on, holds at once, and is in the audit', async () => {
    const key = await caller(['demo/echo']);
    expect(await complete(gateway(), key.secret, 'demo/reasoning')).toMatchObject([
      { code: 'FORBIDDEN', message: expect.stringContaining('accessRequestCreate') },
    ]);
    const until = inMs(3_600_000);
    const asked = await request(gateway(), key.secret, { kind: 'MODEL', targetId: 'demo/reasoning', until });
    const id = idOf(asked.accessRequest);
    expect(asked).toMatchObject({
      accessRequest: {
        status: 'PENDING',
        requesterId: key.id,
        target: { id: 'mdl_demo/reasoning' },
        grant: null,
      },
      errors: [],
    });
    const decided = await decide(gateway(), id, { note: 'for a week' });
    expect(decided).toMatchObject({
      accessRequest: {
        status: 'APPROVED',
        deciderId: await admin(),
        note: 'for a week',
        grant: { expiresAt: until, endedAt: null },
      },
      errors: [],
    });
    expect(await complete(gateway(), key.secret, 'demo/reasoning')).toEqual([]);
    expect(await auditOf(id)).toEqual([`access.request by ${key.id}`, `access.approve by ${await admin()}`]);
    const { data } = await gateway().ask(
      '{ viewer { grants { kind targetId request { status } } } model(name: "demo/reasoning") { access { allowed via } } }',
      {},
      { key: key.secret },
    );
    expect(data).toEqual({
      viewer: { grants: [{ kind: 'MODEL', targetId: 'demo/reasoning', request: { status: 'APPROVED' } }] },
      model: { access: { allowed: true, via: 'a grant' } },
    });
  });

  it('that is denied gives nothing', async () => {
    const key = await caller();
    const { accessRequest } = await request(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
    const id = idOf(accessRequest);
    const { accessRequest: decided } = await decide(gateway(), id, { approve: false, note: 'no' });
    expect(decided).toMatchObject({ status: 'DENIED', note: 'no', grant: null });
    expect(await scopesOf(gateway(), key.secret)).toEqual(['COMPLETIONS_WRITE']);
    // Another may follow.
    expect((await request(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' })).errors).toEqual(
      [],
    );
  });

  it('is called off by who made it, once, and by nobody else', async () => {
    const [key, other] = [await caller(), await caller()];
    const { accessRequest } = await request(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
    const id = idOf(accessRequest);
    for (const secret of [other.secret, ADMIN_KEY])
      expect((await cancel(gateway(), secret, id)).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await cancel(gateway(), key.secret, id)).accessRequest?.status).toBe('CANCELLED');
    expect((await cancel(gateway(), key.secret, id)).errors).toMatchObject([
      { code: 'CONFLICT', message: 'the request is CANCELLED already' },
    ]);
    expect((await decide(gateway(), id)).errors).toMatchObject([{ code: 'CONFLICT' }]);
  });

  it('lapses when nobody decides', async () => {
    const key = await caller();
    const { accessRequest } = await request(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
    const id = idOf(accessRequest);
    const { sql } = gateway().gateway.database;
    await sql`UPDATE access_requests SET lapses_at = now() - interval '1 day' WHERE id = ${id}`;
    // Also before the job has written it down.
    expect((await decide(gateway(), id)).errors).toMatchObject([
      { code: 'CONFLICT', message: 'the request is EXPIRED already' },
    ]);
    await lapseRequests(gateway().gateway.accessDesk);
    const { data } = await gateway().ask(
      'query ($id: ID!) { node(id: $id) { ... on AccessRequest { status } } }',
      { id },
    );
    expect(data.node).toEqual({ status: 'EXPIRED' });
    expect(await auditOf(id)).toEqual([`access.request by ${key.id}`, 'access.lapse by system']);
  });

  it('is decided on once, however many decide at once', async () => {
    const deciders = await Promise.all([1, 2, 3, 4].map(() => makeKey(gateway(), { scopes: ['ADMIN'] })));
    const key = await caller();
    const { accessRequest } = await request(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
    const answers = await Promise.all(
      deciders.map(({ secret }, at) =>
        decide(gateway(), idOf(accessRequest), { approve: at % 2 === 0 }, secret),
      ),
    );
    const codes = answers.flatMap(({ errors }) => errors.map(({ code }) => code));
    expect(codes).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT']);
    expect(await auditOf(idOf(accessRequest))).toHaveLength(2);
    const { sql } = gateway().gateway.database;
    const won = answers.find(({ errors }) => errors.length === 0)?.accessRequest;
    const grants = await sql`SELECT id FROM access_grants WHERE request_id = ${idOf(accessRequest)}`;
    expect(grants).toHaveLength(won?.status === 'APPROVED' ? 1 : 0);
  });

  it('is told live to who decides and to who asked, over SSE and WebSocket, and to nobody else', async () => {
    const [key, other] = [await caller(), await caller()];
    const query = `subscription { accessRequestChanged { ${REQUEST} } }`;
    type Live = { accessRequestChanged: Told };
    const approver = gateway().socket().iterate<Live>({ query });
    const headers = { authorization: `Bearer ${key.secret}` };
    const leaving = new AbortController();
    const author = readResults(
      await postForStream(gateway().url, { query }, { headers, signal: leaving.signal }),
    );
    const stranger = gateway().socket({ key: other.secret }).iterate<Live>({ query });
    const heard: string[] = [];
    const follow = async (name: string, stream: AsyncIterable<{ data?: unknown }>) => {
      for await (const { data } of stream) {
        const { id, status } = (data as Live).accessRequestChanged;
        heard.push(`${name} ${id} ${status}`);
      }
    };
    const following = Promise.allSettled([
      follow('approver', approver),
      follow('author', author),
      follow('stranger', stranger),
    ]);
    // A subscription tells nobody when it is open, so it is asked until both have heard.
    await expect
      .poll(
        async () => {
          const { accessRequest } = await request(gateway(), key.secret, {
            kind: 'SCOPE',
            targetId: 'USAGE_READ',
          });
          const id = idOf(accessRequest);
          await new Promise((resolve) => setTimeout(resolve, 100));
          await decide(gateway(), id, { approve: false });
          await new Promise((resolve) => setTimeout(resolve, 100));
          return ['approver', 'author'].flatMap((name) =>
            ['PENDING', 'DENIED'].filter((status) => heard.includes(`${name} ${id} ${status}`)),
          );
        },
        { timeout: 20_000 },
      )
      .toEqual(['PENDING', 'DENIED', 'PENDING', 'DENIED']);
    expect(heard.filter((line) => line.startsWith('stranger'))).toEqual([]);
    leaving.abort();
    await Promise.all([approver.return?.(), stranger.return?.()]);
    await following;
  });
});

describe('a grant', () => {
  it('of a scope holds at once and ends at its time, also where the key is known', async () => {
    const key = await caller();
    await grant(gateway(), key.secret, { kind: 'SCOPE', targetId: 'AUDIT_READ' }, inMs(5_000));
    expect(await scopesOf(gateway(), key.secret)).toEqual(['COMPLETIONS_WRITE', 'AUDIT_READ']);
    await expect
      .poll(() => scopesOf(gateway(), key.secret), { timeout: 10_000 })
      .toEqual(['COMPLETIONS_WRITE']);
    await expect
      .poll(
        async () =>
          (
            await gateway().ask(
              '{ auditEvents(filter: { action: { eq: "access.end" } }) { nodes { actor before } } }',
            )
          ).data.auditEvents.nodes,
      )
      .toContainEqual({ actor: 'system', before: expect.objectContaining({ holderId: key.id }) });
  });

  it('is revoked by who decides, or given back by who holds it', async () => {
    const [key, other] = [await caller(), await caller()];
    const first = await grant(gateway(), key.secret, { kind: 'SCOPE', targetId: 'AUDIT_READ' });
    expect((await revokeGrant(gateway(), first, other.secret)).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    const revoked = await revokeGrant(gateway(), first);
    expect(revoked).toMatchObject({ accessGrant: { endedAt: expect.any(String) }, errors: [] });
    expect(await scopesOf(gateway(), key.secret)).toEqual(['COMPLETIONS_WRITE']);
    // Twice is no error, and changes nothing.
    expect(await revokeGrant(gateway(), first)).toEqual(revoked);
    const second = await grant(gateway(), key.secret, { kind: 'SCOPE', targetId: 'AUDIT_READ' });
    expect((await revokeGrant(gateway(), second, key.secret)).errors).toEqual([]);
    expect(await scopesOf(gateway(), key.secret)).toEqual(['COMPLETIONS_WRITE']);
  });

  it('is not for passing on: no key is made with it, and nobody else is given it', async () => {
    const key = await makeKey(gateway(), { scopes: ['KEYS_WRITE', 'ACCESS_DECIDE'] });
    await grant(gateway(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
    const { data } = await gateway().ask(
      'mutation { keyCreate(input: { name: "x", scopes: [USAGE_READ] }) { errors { code path } } }',
      {},
      { key: key.secret },
    );
    expect(data.keyCreate.errors).toEqual([{ code: 'FORBIDDEN', path: ['input', 'scopes'] }]);
    const { accessRequest } = await request(gateway(), (await caller()).secret, {
      kind: 'SCOPE',
      targetId: 'USAGE_READ',
    });
    expect((await decide(gateway(), idOf(accessRequest), {}, key.secret)).errors).toMatchObject([
      { code: 'FORBIDDEN' },
    ]);
  });
});

describe('a model that has to be asked for first', () => {
  it('is refused to everybody without a grant, says how to ask, and is back when it is taken off the list', async () => {
    const key = await caller();
    expect(await setAskFirst(gateway(), 'demo/reasoning', true)).toEqual({
      model: {
        name: 'demo/reasoning',
        access: { allowed: false, via: 'the organisation wants to be asked first' },
      },
      errors: [],
    });
    for (const secret of [key.secret, ADMIN_KEY]) {
      expect(await complete(gateway(), secret, 'demo/reasoning')).toMatchObject([
        {
          code: 'FORBIDDEN',
          message: `"demo/reasoning" takes an approval; ask for it by accessRequestCreate(input: { kind: MODEL, targetId: "demo/reasoning", reason: "…" })`,
        },
      ]);
    }
    const { data } = await gateway().ask(
      '{ models(filter: { callable: false }) { nodes { name } } estimate(input: { model: "demo/reasoning", source: { text: "x" } }) { allowed } }',
      {},
      { key: key.secret },
    );
    expect(data).toEqual({ models: { nodes: [{ name: 'demo/reasoning' }] }, estimate: { allowed: false } });
    await grant(gateway(), key.secret, { kind: 'MODEL', targetId: 'mdl_demo/reasoning' });
    expect(await complete(gateway(), key.secret, 'demo/reasoning')).toEqual([]);
    await setAskFirst(gateway(), 'demo/reasoning', false);
    await setAskFirst(gateway(), 'demo/reasoning', false);
    expect(await complete(gateway(), ADMIN_KEY, 'demo/reasoning')).toEqual([]);
    expect(await auditOf('mdl_demo/reasoning')).toEqual([
      `model.access by ${await admin()}`,
      `model.access by ${await admin()}`,
    ]);
    expect(await setAskFirst(gateway(), 'demo/nothing', true)).toMatchObject({
      model: null,
      errors: [{ code: 'NOT_FOUND' }],
    });
  });
});
