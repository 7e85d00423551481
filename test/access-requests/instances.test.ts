import { describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { NO_SERVER, useTwoInstances } from '../support/two-instances.ts';
import {
  complete,
  decide,
  expectAuditToHold,
  grant,
  request,
  revokeGrant,
  scopesOf,
  setAskFirst,
} from './support.ts';

/** Events wait for all transactions of the server that are older, those of other databases too. */
const LONG = { timeout: 10_000 };

describe.skipIf(NO_SERVER)('two instances on one PostgreSQL', () => {
  const { one, two } = useTwoInstances();

  it('know of a grant that the other gave, and of its end', async () => {
    const key = await makeKey(one(), { scopes: ['COMPLETIONS_WRITE'] });
    // Both know the key, and keep what they know.
    for (const each of [one(), two()])
      expect(await scopesOf(each, key.secret)).toEqual(['COMPLETIONS_WRITE']);
    const id = await grant(one(), key.secret, { kind: 'SCOPE', targetId: 'AUDIT_READ' });
    expect(await scopesOf(one(), key.secret)).toContain('AUDIT_READ');
    await expect.poll(() => scopesOf(two(), key.secret), LONG).toContain('AUDIT_READ');
    await revokeGrant(one(), id);
    await expect.poll(() => scopesOf(two(), key.secret), LONG).not.toContain('AUDIT_READ');
  });

  it('know of what the other lists to be asked for first', async () => {
    const key = await makeKey(one(), { scopes: ['COMPLETIONS_WRITE'] });
    await setAskFirst(one(), 'demo/echo', true);
    await expect
      .poll(() => complete(two(), key.secret, 'demo/echo'), LONG)
      .toMatchObject([{ code: 'FORBIDDEN' }]);
    await setAskFirst(two(), 'demo/echo', false);
    await expect.poll(() => complete(one(), key.secret, 'demo/echo'), LONG).toEqual([]);
  });

  it('let one of those who decide at once decide, and keep one chain', async () => {
    const key = await makeKey(one(), { scopes: ['COMPLETIONS_WRITE'] });
    for (const targetId of ['USAGE_READ', 'AUDIT_READ', 'KEYS_WRITE', 'LIMITS_WRITE']) {
      const { accessRequest } = await request(one(), key.secret, { kind: 'SCOPE', targetId });
      const id = accessRequest?.id ?? '';
      const answers = await Promise.all([one(), two(), one(), two()].map((on) => decide(on, id)));
      expect(answers.flatMap(({ errors }) => errors.map(({ code }) => code))).toEqual(
        Array(3).fill('CONFLICT'),
      );
    }
    await Promise.all([one(), two()].map((each) => each.gateway.accessLog.flush()));
    await expectAuditToHold(one());
  });

  it('tell of requests that were made at the other', async () => {
    const key = await makeKey(one(), { scopes: ['COMPLETIONS_WRITE'] });
    const told = two().socket().iterate<{ accessRequestChanged: { requesterId: string } }>({
      query: 'subscription { accessRequestChanged { requesterId } }',
    });
    // What happened before may be told late, so it goes on until this one's are heard.
    const heard = (async () => {
      for await (const { data } of told) if (data?.accessRequestChanged.requesterId === key.id) return true;
      return false;
    })();
    let over = false;
    void heard.finally(() => (over = true));
    while (!over) {
      const { accessRequest } = await request(one(), key.secret, { kind: 'SCOPE', targetId: 'USAGE_READ' });
      await decide(one(), accessRequest?.id ?? '', { approve: false });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await heard).toBe(true);
  });
});
