import { beforeAll, describe, expect, it } from 'vitest';
import {
  addKey,
  addOrganisation,
  addTeam,
  HASHING_SECRET,
  type Tenant,
} from '../access/support/organisation.ts';
import type { MadeKey } from '../access/support/keys.ts';
import { createKey } from '../completion/support/completions.ts';
import { connect } from '../server/support/client.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { correctOn, entryOf, type Booked, type CorrectionInput } from './correction-client.ts';

const gateway = useGateway({ variables: { SLUICE_SECRET: HASHING_SECRET } });
const { adjust, credit, complete, countCorrections } = correctOn(gateway);
const TEAM = 'team_default';
let other: Tenant;

beforeAll(async () => {
  other = await addOrganisation(gateway(), 'Other');
});

describe('bad input', () => {
  const cases: [string, typeof adjust, CorrectionInput, string][] = [
    ['nothing to correct', adjust, { teamId: TEAM, amount: '0' }, 'amount'],
    ['a credit of nothing', credit, { teamId: TEAM, amount: '0' }, 'amount'],
    ['a credit below nothing', credit, { teamId: TEAM, amount: '-1' }, 'amount'],
    ['an absurd amount', adjust, { teamId: TEAM, amount: '1000000.000000001' }, 'amount'],
    ['an absurd amount below nothing', adjust, { teamId: TEAM, amount: '-999999999' }, 'amount'],
    ['no reason', adjust, { teamId: TEAM, reason: '' }, 'reason'],
    ['a blank reason', credit, { teamId: TEAM, reason: ' \n ' }, 'reason'],
    ['a reason that is a book', adjust, { teamId: TEAM, reason: 'x'.repeat(501) }, 'reason'],
    ['neither a completion nor a team', adjust, {}, 'teamId'],
    ['a key without its team', adjust, { keyId: 'key_x' }, 'teamId'],
    ['a completion and a team', adjust, { completionId: 'cmpl_x', teamId: TEAM }, 'teamId'],
    ['a completion and a key', credit, { completionId: 'cmpl_x', keyId: 'key_x' }, 'keyId'],
  ];
  it.each(cases)('%s is refused with its path, and nothing is booked', async (_, book, input, member) => {
    const before = await countCorrections();
    const { entry, errors } = await book(input);
    expect(entry).toBeNull();
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', member] }]);
    expect(await countCorrections()).toBe(before);
  });

  it('is told all at once', async () => {
    const { errors } = await adjust({ amount: '0', reason: '' });
    expect(errors.map(({ path }) => path?.at(-1))).toEqual(['teamId', 'amount', 'reason']);
  });

  it('of a completion that still runs is refused', async () => {
    const client = await connect(gateway().url, { authorization: `Bearer ${ADMIN_KEY}` });
    const query = `subscription { completionStream(input: { model: "demo/silent", source: { text: "x" } }) { completionId } }`;
    client.subscribe('1', { query });
    const { data } = (await client.next('1')).payload as {
      data: { completionStream: { completionId: string } };
    };
    const { errors } = await adjust({ completionId: data.completionStream.completionId });
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'completionId'] }]);
    client.ws.close();
    await client.closed;
  });
});

describe('nobody', () => {
  it('corrects what belongs to another organisation', async () => {
    const theirs = await complete(other.admin.secret);
    const { id: ourKey } = await createKey(gateway());
    const inputs: [CorrectionInput, member: string][] = [
      [{ completionId: theirs.id }, 'completionId'],
      [{ teamId: other.teamId }, 'teamId'],
      [{ teamId: TEAM, keyId: other.admin.id }, 'keyId'],
      [{ teamId: other.teamId, keyId: ourKey }, 'teamId'],
      [{ completionId: 'cmpl_00000000000000000000000000' }, 'completionId'],
      [{ teamId: 'no\0team' }, 'teamId'],
    ];
    for (const [input, member] of inputs) {
      for (const each of [adjust, credit])
        expect((await each(input)).errors, JSON.stringify(input)).toMatchObject([
          { code: 'NOT_FOUND', path: ['input', member] },
        ]);
    }
  });

  describe('without ADMIN', () => {
    let clerk: MadeKey;
    let blue: string;
    beforeAll(async () => {
      blue = await addTeam(gateway(), 'org_default', 'blue');
      const owner = { organisationId: 'org_default', teamId: blue, name: 'clerk' };
      clerk = await addKey(gateway(), owner, ['LEDGER_WRITE', 'COMPLETIONS_WRITE']);
    });

    it('lowers what the own key or team has spent', async () => {
      const mine = await complete(clerk.secret);
      const wishes: Promise<Booked>[] = [
        credit({ teamId: blue }, { key: clerk.secret }),
        credit({ teamId: blue, keyId: clerk.id }, { key: clerk.secret }),
        credit({ completionId: mine.id, amount: '0.000001' }, { key: clerk.secret }),
        adjust({ teamId: blue, amount: '-1' }, { key: clerk.secret }),
        adjust({ completionId: mine.id, amount: '-0.000001' }, { key: clerk.secret }),
      ];
      for (const { entry, errors } of await Promise.all(wishes)) {
        expect(entry).toBeNull();
        expect(errors).toMatchObject([{ code: 'FORBIDDEN', path: ['input', 'amount'] }]);
      }
    });

    it('corrects another team, but may add to what the own one has spent', async () => {
      const elsewhere = await complete();
      for (const input of [{ teamId: TEAM }, { completionId: elsewhere.id }])
        expect((await adjust(input, { key: clerk.secret })).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
      const { id } = await complete(clerk.secret);
      expect(entryOf(await adjust({ completionId: id }, { key: clerk.secret }))).toMatchObject({
        actor: { id: clerk.id },
      });
      expect(entryOf(await adjust({ teamId: blue }, { key: clerk.secret })).team).toEqual({ id: blue });
    });

    it('and without LEDGER_WRITE corrects anything', async () => {
      const { secret } = await createKey(gateway(), { scopes: ['USAGE_READ', 'KEYS_WRITE'] });
      await expect(adjust({ teamId: TEAM }, { key: secret })).rejects.toThrow('FORBIDDEN');
    });
  });
});
