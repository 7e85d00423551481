import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, describe, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { BAD_ISSUERS, startGoodIssuer, startOddIssuer } from './support/bad-issuers.ts';
import { AUDIENCE, startIssuer, toIssuerConfig } from './support/issuer.ts';
import { WHO } from './support/signed-in.ts';

// One for each test: they run side by side, since most of them wait.
const many = await startIssuer();
const rotating = await startIssuer();
const sought = await startIssuer();
const away = await startIssuer();
const late = await startIssuer();
const placed = await startIssuer();
const bad = await Promise.all(
  Object.entries(BAD_ISSUERS).map(async ([name, make]) => ({ name, ...(await startOddIssuer(make)) })),
);
const good = await startGoodIssuer();
const issuers = [many, rotating, sought, away, late];
const gateway = useGateway({
  config: {
    identity: {
      certificates: [],
      issuers: [
        ...issuers.map((issuer) => issuer.config()),
        placed.config({ jwksUri: `${placed.url}/jwks` }),
        ...[...bad, good].map(({ url }) => toIssuerConfig(url)),
      ],
    },
  },
});
afterAll(async () => {
  for (const issuer of [...issuers, placed, ...bad, good]) await issuer.stop();
});

const ACCEPTED = 'accepted';
const WITHIN = { timeout: 30_000 };

/** What becomes of a token: its code, or that it is accepted. */
async function fateOf(token: string): Promise<string> {
  const { data, errors } = await gateway().ask(WHO, {}, { key: token });
  return data ? ACCEPTED : String(errors?.[0]?.extensions['code']);
}

describe('the keys of an issuer', () => {
  it.concurrent('are read once, however many come at once, and not before somebody comes', async ({
    expect,
  }) => {
    expect(many.keysRead()).toBe(0);
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, index) => many.sign({ sub: `user ${index}` })),
    );
    expect(await Promise.all(tokens.map(fateOf))).toEqual(tokens.map(() => ACCEPTED));
    expect(many.keysRead()).toBe(1);
  });

  it.concurrent('change: a new one is found at once, and the old one is believed no longer', async ({
    expect,
  }) => {
    const before = await rotating.sign();
    expect(await fateOf(before)).toBe(ACCEPTED);
    await rotating.rotate();
    expect(await fateOf(await rotating.sign())).toBe(ACCEPTED);
    expect(rotating.keysRead()).toBe(2);
    // Remembered for a few seconds more, as every credential is.
    await expect.poll(() => fateOf(before), WITHIN).toBe('UNAUTHENTICATED');
    expect(await fateOf((await rotating.signIn('alice')).accessToken)).toBe(ACCEPTED);
  });

  it.concurrent('are not asked for by every made-up key id', async ({ expect }) => {
    const { privateKey } = await generateKeyPair('RS256');
    const madeUp = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        new SignJWT({ iss: sought.url, aud: AUDIENCE, sub: 'x' })
          .setExpirationTime('5m')
          .setProtectedHeader({ alg: 'RS256', kid: `made up ${index}` })
          .sign(privateKey),
      ),
    );
    for (const token of madeUp) expect(await fateOf(token)).toBe('UNAUTHENTICATED');
    expect(sought.keysRead()).toBeLessThan(madeUp.length / 5);
  });

  it.concurrent('that are known go on while it is away; others may be right or wrong', async ({ expect }) => {
    expect(await fateOf(await away.sign())).toBe(ACCEPTED);
    await away.stop();
    expect(await fateOf(await away.sign({ sub: 'somebody else' }))).toBe(ACCEPTED);
    await away.rotate();
    expect(await fateOf(await away.sign())).toBe('UNAVAILABLE');
    await away.restart();
    await expect.poll(async () => fateOf(await away.sign()), WITHIN).toBe(ACCEPTED);
  });

  it.concurrent('need not be there at the start', async ({ expect }) => {
    await late.stop();
    expect(await fateOf(await late.sign())).toBe('UNAVAILABLE');
    expect(gateway().logs.join('')).toContain('the keys of an issuer cannot be read');
    await late.restart();
    await expect.poll(async () => fateOf(await late.sign()), WITHIN).toBe(ACCEPTED);
  });

  it.concurrent('stand where the config says, where it does', async ({ expect }) => {
    expect(await fateOf(await placed.sign())).toBe(ACCEPTED);
  });
});

describe('an issuer that', () => {
  it.concurrent.for(bad)('$name lets nobody in, and holds nobody up', async ({ token }, { expect }) => {
    expect(['UNAVAILABLE', 'UNAUTHENTICATED']).toContain(await fateOf(token));
    // Nobody else is touched by it.
    expect((await gateway().ask(WHO)).data).toHaveProperty('viewer');
  });

  it.concurrent('does as it should with such a key lets in', async ({ expect }) => {
    expect(await fateOf(good.token)).toBe(ACCEPTED);
  });
});
