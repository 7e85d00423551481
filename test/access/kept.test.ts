import { describe, expect, it } from 'vitest';
import { keepPrincipal, readKeptPrincipal } from '../../src/access/kept.ts';
import type { KeptPrincipal } from '../../src/domain/kept-principal.ts';
import type { Principal } from '../../src/domain/principal.ts';
import { useGateway } from '../support/gateway.ts';
import { makeKey, revoke } from './support/keys.ts';
import { addMember, addUser } from './support/users.ts';

const gateway = useGateway();
const IP = '192.0.2.7';
const database = () => gateway().gateway.database;

/** As the database gives back what is kept. */
const keep = async (who: Principal): Promise<KeptPrincipal> =>
  JSON.parse(JSON.stringify(await keepPrincipal(database().db, who, IP))) as KeptPrincipal;
const read = (kept: KeptPrincipal) => readKeptPrincipal(database().db, kept);
const authenticate = (secret: string) =>
  gateway().gateway.authenticator.authenticate({ authorization: `Bearer ${secret}`, ip: IP });
const change = (query: string) => gateway().ask(`mutation { ${query} { errors { message } } }`);

describe('a key', () => {
  it('is who it was, with what it may do by now', async () => {
    const key = await makeKey(gateway(), {
      scopes: ['COMPLETIONS_WRITE'],
      models: ['demo/echo', 'demo/slow'],
    });
    const kept = await keep(await authenticate(key.secret));
    expect(await read(kept)).toMatchObject({ keyId: key.id, models: ['demo/echo', 'demo/slow'] });
    await change(`keyUpdate(input: { id: "${key.id}", models: ["demo/slow", "demo/assistant"] })`);
    expect(await read(kept)).toMatchObject({ models: ['demo/slow'] });
    await change(`keyUpdate(input: { id: "${key.id}", models: ["demo/assistant"] })`);
    await expect(read(kept)).rejects.toThrow(
      'none of the models that were allowed at the beginning still is',
    );
  });

  it('is nobody once it is revoked, has expired, or works from elsewhere only', async () => {
    const scopes = ['COMPLETIONS_WRITE' as const];
    const [revoked, moved, expiring] = [
      await makeKey(gateway(), { scopes }),
      await makeKey(gateway(), { scopes, allowedIps: [IP] }),
      await makeKey(gateway(), { scopes, expiresAt: new Date(Date.now() + 500).toISOString() }),
    ];
    const kept = await Promise.all(
      [revoked, moved, expiring].map(async ({ secret }) => keep(await authenticate(secret))),
    );
    await revoke(gateway(), revoked);
    await change(`keyUpdate(input: { id: "${moved.id}", allowedIps: ["198.51.100.1"] })`);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await expect(read(kept[0]!)).rejects.toThrow(`the key ${revoked.id} was revoked`);
    await expect(read(kept[1]!)).rejects.toThrow(`the key ${moved.id} does not work from ${IP} any more`);
    await expect(read(kept[2]!)).rejects.toThrow(`the key ${expiring.id} has expired`);
  });
});

describe('a user', () => {
  async function keepUser(role: string): Promise<{ id: string; kept: KeptPrincipal }> {
    const id = await addUser(gateway(), 'Ann');
    await addMember(gateway(), { userId: id, role });
    const admin = await authenticate((await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] })).secret);
    return { id, kept: await keep({ ...admin, keyId: id, scopes: new Set(['COMPLETIONS_WRITE']) }) };
  }

  it('has the scopes that the issuer gave it, while its role in the team stays', async () => {
    const { id, kept } = await keepUser('CALLER');
    const now = await read(kept);
    expect([now.keyId, ...now.scopes]).toEqual([id, 'COMPLETIONS_WRITE']);
    await change(`memberSet(input: { userId: "${id}", teamId: "team_default", role: "ANALYST" })`);
    await expect(read(kept)).rejects.toThrow(`the role of the user ${id} has changed`);
  });

  it('is nobody once it is disabled, or its role allows something else', async () => {
    await change('roleSet(input: { name: "evaluator", scopes: [COMPLETIONS_WRITE, EVALUATIONS_WRITE] })');
    const [disabled, lowered] = [await keepUser('evaluator'), await keepUser('evaluator')];
    await change(`userDisable(id: "${disabled.id}")`);
    await expect(read(disabled.kept)).rejects.toThrow(`the user ${disabled.id} is disabled`);
    await read(lowered.kept);
    await change('roleSet(input: { name: "evaluator", scopes: [COMPLETIONS_WRITE] })');
    await expect(read(lowered.kept)).rejects.toThrow(`the role of the user ${lowered.id} has changed`);
  });
});
