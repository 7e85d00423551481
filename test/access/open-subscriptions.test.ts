import { eq } from 'drizzle-orm';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { apiKeys } from '../../src/db/tables/api-keys.ts';
import { users } from '../../src/db/tables/tenancy.ts';
import { connect } from '../server/support/client.ts';
import { useGateway } from '../support/gateway.ts';
import { startIssuer } from './support/issuer.ts';
import { makeKey, revoke } from './support/keys.ts';
import { addTeam, HASHING_SECRET } from './support/organisation.ts';
import { disable, endMembership, knownUser, makeMember, WHO } from './support/signed-in.ts';
import { begun, errorOf, overSse, overWs, SILENT } from './support/streams.ts';

const issuer = await startIssuer();
const members = await startIssuer();
const gateway = useGateway({
  variables: { SLUICE_SECRET: HASHING_SECRET },
  config: {
    identity: {
      certificates: [],
      issuers: [
        issuer.config({
          leewaySeconds: 0,
          claims: { team: { default: 'team_default' }, role: { default: 'ADMIN' } },
        }),
        members.config({ claims: {} }),
      ],
    },
  },
});
afterAll(() => Promise.all([issuer.stop(), members.stop()]));

async function who(token: string): Promise<unknown> {
  const { data, errors } = await gateway().ask(WHO, {}, { key: token });
  return data?.viewer ?? errors;
}

describe.each([
  ['SSE', overSse],
  ['WS', overWs],
])('over %s', (_, open) => {
  describe.each(Object.entries(SILENT))('a subscription to %s ends while it is silent', (what, query) => {
    it('when its key is revoked', async () => {
      const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE', 'USAGE_READ'] });
      const { ended } = await open(gateway().url, key.secret, query);
      await begun();
      await revoke(gateway(), key);
      expect(await ended).toMatchObject(errorOf('UNAUTHENTICATED', /unknown, expired or revoked/));
    });

    it('when its user is disabled', async () => {
      const subject = `disabled ${_} ${what}`;
      const { ended } = await open(gateway().url, await issuer.sign({ sub: subject }), query);
      await begun();
      await disable(gateway(), subject);
      expect(await ended).toMatchObject(errorOf('UNAUTHENTICATED', /disabled/));
    });

    it('when its token expires', async () => {
      const exp = Math.ceil(Date.now() / 1_000) + 1;
      const { ended } = await open(gateway().url, await issuer.sign({ exp }), query);
      expect(await ended).toMatchObject(errorOf('UNAUTHENTICATED', /expired/));
    });
  });

  it('a key that expires by itself takes its subscription along', async () => {
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const { secret } = await makeKey(gateway(), { scopes: ['USAGE_READ'], expiresAt });
    const { ended } = await open(gateway().url, secret, SILENT['usage ticks']);
    expect(await ended).toMatchObject(errorOf('UNAUTHENTICATED', /expired/));
  });

  it('whoever leaves a team hears nothing more of it', async () => {
    const subject = `leaver ${_}`;
    const token = await members.sign({ sub: subject });
    await who(token);
    const teamId = await addTeam(gateway(), 'org_default', subject);
    await makeMember(gateway(), subject, { teamId, role: 'ANALYST' });
    await expect.poll(() => who(token)).toHaveProperty('scopes');
    const { ended } = await open(gateway().url, token, SILENT['usage ticks']);
    await begun();
    await endMembership(gateway(), subject);
    expect(await ended).toMatchObject(errorOf('FORBIDDEN', /no team/));
  });

  it('whoever may do less in it than before has to subscribe again', async () => {
    const subject = `reduced ${_}`;
    const token = await members.sign({ sub: subject });
    await who(token);
    await makeMember(gateway(), subject, { teamId: 'team_default', role: 'DEVELOPER' });
    await expect.poll(() => who(token)).toHaveProperty('scopes');
    const { ended } = await open(gateway().url, token, SILENT['usage ticks']);
    await begun();
    await endMembership(gateway(), subject);
    await makeMember(gateway(), subject, { teamId: 'team_default', role: 'ANALYST' });
    expect(await ended).toMatchObject(errorOf('FORBIDDEN', /no team|has changed/));
  });
});

describe('a revocation of which no news comes', () => {
  it.each(['key', 'user'])('ends the subscriptions of a %s all the same', async (what) => {
    const { db } = gateway().gateway.database;
    const key = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
    const token = what === 'key' ? key.secret : await issuer.sign({ sub: 'disabled by hand' });
    const { ended } = await overWs(gateway().url, token, SILENT['usage ticks']);
    await begun();
    const gone = new Date();
    if (what === 'key') await db.update(apiKeys).set({ revokedAt: gone }).where(eq(apiKeys.id, key.id));
    else {
      const { id } = await knownUser(gateway(), 'disabled by hand');
      await db.update(users).set({ disabledAt: gone }).where(eq(users.id, id));
    }
    expect(await ended).toMatchObject(errorOf('UNAUTHENTICATED', /revoked|disabled/));
  });
});

it('a client that leaves leaves nothing behind that would be told of changes', async () => {
  const { authenticator } = gateway().gateway;
  let watched = 0;
  const { watch } = authenticator;
  vi.spyOn(authenticator, 'watch').mockImplementation((...args) => {
    watched += 1;
    const stop = watch(...args);
    let stopped = false;
    return () => {
      if (!stopped) watched -= 1;
      stopped = true;
      stop();
    };
  });
  const { secret } = await makeKey(gateway(), { scopes: ['USAGE_READ'] });
  const clients = await Promise.all(
    Array.from({ length: 5 }, () => connect(gateway().url, { authorization: `Bearer ${secret}` })),
  );
  for (const client of clients) client.subscribe('1', { query: SILENT['usage ticks'] });
  await expect.poll(() => watched).toBe(clients.length);
  for (const client of clients) client.ws.close();
  await expect.poll(() => watched).toBe(0);
  vi.restoreAllMocks();
});
