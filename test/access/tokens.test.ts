import { afterAll, describe, expect, it } from 'vitest';
import { roles } from '../../src/db/tables/tenancy.ts';
import { TRANSPORTS } from '../server/support/client.ts';
import { useGateway } from '../support/gateway.ts';
import { AUDIENCE, startIssuer } from './support/issuer.ts';
import { askAs } from './support/keys.ts';
import { addOrganisation, addTeam, HASHING_SECRET } from './support/organisation.ts';
import { endMembership, findUser, knownUser, makeMember, WHO } from './support/signed-in.ts';

const GROUPS: Record<string, string[]> = {
  alice: ['everybody', 'sluice-developers', 'sluice-admins'],
  bob: ['everybody', 'sluice-developers'],
};
const main = await startIssuer((login) => ({ groups: GROUPS[login] ?? [] }));
/** An issuer that says everything, by which nothing is there by default. */
const strict = await startIssuer();
/** One whose users may do what they are members for. */
const plain = await startIssuer();

const gateway = useGateway({
  variables: { SLUICE_SECRET: HASHING_SECRET },
  config: {
    identity: {
      certificates: [],
      issuers: [
        main.config({
          audience: [AUDIENCE, 'app'],
          claims: {
            team: { default: 'team_default' },
            role: { claim: 'groups', map: { 'sluice-developers': 'DEVELOPER', 'sluice-admins': 'ADMIN' } },
          },
        }),
        strict.config({
          claims: {
            organisation: {
              claim: 'https://sluice.example/org',
              map: { acme: 'org_default', 'not-here': 'org_none' },
            },
            team: { claim: 'sluice.team' },
            role: { claim: 'sluice.roles' },
            endUser: { claim: 'customer' },
          },
        }),
        plain.config({ claims: {} }),
      ],
    },
  },
});
afterAll(() => Promise.all([main.stop(), strict.stop(), plain.stop()]));

/** A token that says all that the strict issuer has to. */
const fullToken = (claims: object) =>
  strict.sign({
    'https://sluice.example/org': 'acme',
    customer: 'acme-shop',
    sluice: { team: 'team_default', roles: ['CALLER'] },
    ...claims,
  });

const who = async (token: string, team?: string) => {
  const { data, errors } = await gateway().ask(
    WHO,
    {},
    { key: token, headers: team === undefined ? {} : { 'x-sluice-team': team } },
  );
  return data?.viewer ?? errors?.[0];
};
const refused = (code: string, message: RegExp) => ({
  message: expect.stringMatching(message),
  extensions: expect.objectContaining({ code }),
});

describe('whoever signs in with an OpenID provider', () => {
  it.each(TRANSPORTS)('is known by its tokens over %s', async (transport) => {
    const { accessToken, idToken } = await main.signIn('alice');
    for (const token of [accessToken, idToken]) {
      const answer = await askAs(`Bearer ${token}`, transport, gateway().url, { query: WHO });
      expect(answer).toEqual({
        data: { viewer: { scopes: ['ADMIN'], organisationId: 'org_default', team: { id: 'team_default' } } },
      });
    }
  });

  it('is one user, however often they come, whose name and address are those of the last token that tells them', async () => {
    const { accessToken, idToken } = await main.signIn('bob');
    await Promise.all([who(accessToken), who(accessToken), who(idToken)]);
    await who((await main.signIn('bob')).accessToken);
    const user = await knownUser(gateway(), 'bob');
    expect(user).toMatchObject({
      id: expect.stringMatching(/^user_/),
      organisationId: 'org_default',
      issuer: main.url,
      name: 'The bob',
      email: 'bob@example.com',
    });
    await who(await main.sign({ sub: 'bob', email: 'new@example.com' }));
    expect(await knownUser(gateway(), 'bob')).toMatchObject({ ...user, email: 'new@example.com' });
  });

  it('asks for completions in their own name', async () => {
    const { accessToken } = await main.signIn('bob');
    const create = `mutation { completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { completion { text } errors { message } } }`;
    const { data } = await gateway().ask(create, {}, { key: accessToken });
    expect(data.completionCreate).toEqual({ completion: { text: 'hi' }, errors: [] });
    const { id } = await knownUser(gateway(), 'bob');
    const [row] = await gateway().gateway.database
      .sql`SELECT count(*)::int FROM completions WHERE key_id = ${id}`;
    expect(row).toEqual({ count: 1 });
  });

  it('can have a budget and a limit like a key', async () => {
    const { accessToken } = await main.signIn('alice');
    await who(accessToken);
    const { id } = await knownUser(gateway(), 'alice');
    const { data } = await gateway().ask(
      `mutation ($id: ID!) {
        budgetSet(input: { subjectId: $id, unit: REQUESTS, limit: "1", window: TOTAL }) { errors { message } }
        limitSet(input: { scope: KEY, subjectId: $id, unit: REQUESTS_PER_MINUTE, max: 2 }) { errors { message } }
      }`,
      { id },
    );
    expect(data).toEqual({ budgetSet: { errors: [] }, limitSet: { errors: [] } });
    const create = `mutation { completionCreate(input: { model: "demo/echo", source: { text: "hi" } }) { errors { code } } }`;
    const codes = async () =>
      (await gateway().ask(create, {}, { key: accessToken })).data.completionCreate.errors[0]?.code;
    // What no budget has room for takes nothing of the limit.
    expect([await codes(), await codes(), await codes()]).toEqual([
      undefined,
      'BUDGET_EXCEEDED',
      'BUDGET_EXCEEDED',
    ]);
    await gateway().ask(
      'mutation ($id: ID!) { budgetSet(input: { subjectId: $id, unit: REQUESTS, limit: "9", window: TOTAL }) { errors { message } } }',
      { id },
    );
    expect([await codes(), await codes()]).toEqual([undefined, 'RATE_LIMITED']);
  });

  it('is seen, without being waited for', async () => {
    await who((await main.signIn('carol')).accessToken);
    // Nobody knows her, and yet she is somebody that an admin can find.
    expect(await findUser(gateway(), 'carol')).toMatchObject({ lastSeenAt: null });
    await who((await main.signIn('bob')).accessToken);
    await gateway().gateway.authenticator.flushLastUsed();
    expect(await findUser(gateway(), 'bob')).toMatchObject({ lastSeenAt: expect.any(Date) });
  });
});

describe('claims', () => {
  it('say where somebody belongs and what they may do; of several roles the mightiest counts', async () => {
    const { teamId } = await addOrganisation(gateway(), 'elsewhere');
    const team = await addTeam(gateway(), 'org_default', 'payments');
    await gateway()
      .gateway.database.db.insert(roles)
      .values([
        { organisationId: 'org_default', name: 'counter', scopes: ['USAGE_READ'] },
        { organisationId: 'org_default', name: 'keeper', scopes: ['USAGE_READ', 'KEYS_WRITE'] },
      ]);
    const claims = (of: object) => fullToken({ sub: 'dora', ...of });
    const scopes = async (...names: string[]) =>
      (await who(await claims({ sluice: { team, roles: names } })))?.scopes;
    expect(await scopes('counter', 'keeper', 'unheard-of')).toEqual(['USAGE_READ', 'KEYS_WRITE']);
    expect(await scopes('ANALYST', 'OWNER', 'ADMIN')).toEqual(['OWNER']);
    expect(await scopes('CALLER')).toEqual(['COMPLETIONS_WRITE']);
    expect(
      await who(await claims({ sluice: { team, roles: ['unheard-of', 'admin', '__proto__'] } })),
    ).toMatchObject(refused('FORBIDDEN', /no role/));
    expect(await who(await claims({ sluice: { team: teamId, roles: ['OWNER'] } }))).toMatchObject(
      refused('FORBIDDEN', /no team/),
    );
  });

  it.each([
    ['no organisation', { 'https://sluice.example/org': undefined }, /organisation/],
    [
      'an organisation that the map does not know',
      { 'https://sluice.example/org': 'org_default' },
      /organisation/,
    ],
    ['an organisation from the prototype', { 'https://sluice.example/org': 'constructor' }, /organisation/],
    ['an organisation that is not there', { 'https://sluice.example/org': 'not-here' }, /organisation/],
    ['no team', { sluice: { roles: ['OWNER'] } }, /team/],
    ['an object as team', { sluice: { team: { id: 'team_default' }, roles: ['OWNER'] } }, /team/],
    ['no role', { sluice: { team: 'team_default' } }, /role/],
    ['no end user', { customer: undefined }, /end user/],
    ['an empty end user', { customer: '' }, /end user/],
  ])('with %s get nobody in', async (_, claims, message) => {
    expect(await who(await fullToken({ sub: 'erin', ...claims }))).toMatchObject(
      refused('FORBIDDEN', message),
    );
  });

  it('name the end user, and make no key, which could ask for all of them', async () => {
    const key = await fullToken({ sub: 'gina', sluice: { team: 'team_default', roles: ['DEVELOPER'] } });
    const create = `mutation ($scopes: [Scope!]) {
      keyCreate(input: { name: "x", scopes: $scopes }) { secret errors { code message path } }
    }`;
    const { data } = await gateway().ask(create, { scopes: ['COMPLETIONS_WRITE'] }, { key });
    expect(data.keyCreate).toEqual({
      secret: null,
      errors: [
        {
          code: 'FORBIDDEN',
          message: expect.stringMatching(/one end user only: acme-shop/),
          path: ['input', 'scopes'],
        },
      ],
    });
    const other = await gateway().ask(create, { scopes: ['USAGE_READ'] }, { key });
    expect(other.data.keyCreate.errors).toEqual([]);
  });

  it('name the end user, for whom alone may be asked', async () => {
    const key = await fullToken({ sub: 'frida' });
    const create = `mutation ($endUserId: String) {
      completionCreate(input: { model: "demo/echo", source: { text: "hi" }, endUserId: $endUserId }) {
        completion { endUserId } errors { code message }
      }
    }`;
    for (const variables of [{}, { endUserId: 'acme-shop' }]) {
      const { data } = await gateway().ask(create, variables, { key });
      expect(data.completionCreate).toEqual({ completion: { endUserId: 'acme-shop' }, errors: [] });
    }
    const { data } = await gateway().ask(create, { endUserId: 'somebody-else' }, { key });
    expect(data.completionCreate).toEqual({
      completion: null,
      errors: [
        { code: 'FORBIDDEN', message: expect.stringMatching(/endUserId is "somebody-else".*"acme-shop"/) },
      ],
    });
  });
});

describe('a member of teams', () => {
  it('acts as what they are there: in the first one, or in the one that they name', async () => {
    const key = await plain.sign({ sub: 'grace' });
    expect(await who(key)).toMatchObject(refused('FORBIDDEN', /no team/));
    const other = await addTeam(gateway(), 'org_default', 'search');
    await makeMember(gateway(), 'grace', { teamId: 'team_default', role: 'DEVELOPER' });
    await expect.poll(() => who(key)).toMatchObject({ team: { id: 'team_default' } });
    await makeMember(gateway(), 'grace', { teamId: other, role: 'CALLER' });
    await expect
      .poll(() => who(key, other))
      .toEqual({
        organisationId: 'org_default',
        team: { id: other },
        scopes: ['COMPLETIONS_WRITE'],
      });
    expect(await who(key)).toMatchObject({
      team: { id: 'team_default' },
      scopes: ['COMPLETIONS_WRITE', 'USAGE_READ', 'KEYS_WRITE'],
    });
    expect(await who(key, 'team_of_others')).toMatchObject(
      refused('FORBIDDEN', /x-sluice-team is "team_of_others"/),
    );
    await endMembership(gateway(), 'grace');
    await expect.poll(() => who(key)).toMatchObject(refused('FORBIDDEN', /no team/));
  });

  it('gets no role of the team that the issuer names in another one', async () => {
    const sluice = { team: 'team_default', roles: ['DEVELOPER'] };
    const key = await fullToken({ sub: 'heidi', sluice });
    await who(key);
    const other = await addTeam(gateway(), 'org_default', 'ads');
    await makeMember(gateway(), 'heidi', { teamId: other, role: 'ANALYST' });
    await expect.poll(() => who(key, other)).toMatchObject({ scopes: ['USAGE_READ', 'AUDIT_READ'] });
    expect(await who(key)).toMatchObject({
      team: { id: 'team_default' },
      scopes: expect.arrayContaining(['KEYS_WRITE']),
    });
  });

  it('names a team over a socket too', async () => {
    const key = await plain.sign({ sub: 'ivan' });
    await who(key);
    const teams = [
      await addTeam(gateway(), 'org_default', 'one'),
      await addTeam(gateway(), 'org_default', 'two'),
    ];
    for (const teamId of teams) await makeMember(gateway(), 'ivan', { teamId, role: 'CALLER' });
    const socket = gateway().socket({ key, params: { 'x-sluice-team': teams[1]! } });
    await expect
      .poll(async () => (await socket.iterate({ query: WHO }).next()).value?.data)
      .toMatchObject({
        viewer: { team: { id: teams[1] } },
      });
  });

  it('is not what a key can be', async () => {
    const { data, errors } = await gateway().ask(WHO, {}, { headers: { 'x-sluice-team': 'team_other' } });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([refused('FORBIDDEN', /x-sluice-team/)]);
  });
});
