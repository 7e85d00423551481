import { describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { setRoute } from './support.ts';
import { useRegions } from './support-regions.ts';

const { gateway, ask, route, makeCaller, makeTeam, setOfKey, setOfTeam, setOfOrganisation } =
  await useRegions();

describe('a rule is refused when it is saved', () => {
  const path = ['input', 'regions'];

  it('for a region that there is no provider in', async () => {
    const message = 'input.regions names "mars", where no configured provider is; known: eu, us';
    const key = await makeCaller();
    for (const faults of [
      await setOfOrganisation(['eu', 'mars']),
      await setOfTeam('team_default', ['mars']),
      await setOfKey(key.id, ['mars']),
    ])
      expect(faults).toEqual([{ code: 'INVALID_INPUT', message, path }]);
    expect(await setOfOrganisation(['eu', 'eu'])).toMatchObject([
      { message: 'input.regions names a region twice' },
    ]);
  });

  it('when it leaves a route of the organisation no target, and says which and why', async () => {
    await route('only-american', ['ohio/model', 'demo/echo']);
    expect(await setOfOrganisation(['eu'])).toEqual([
      {
        code: 'INVALID_INPUT',
        message:
          'input.regions leaves the route "only-american" no target: ohio/model is in us; allowed: eu; demo/echo has no region; allowed: eu',
        path,
      },
    ]);
    expect(await ask('ohio/model', await makeCaller())).toBe('ohio');
    await route('only-american', ['berlin/model']);
    expect(await setOfOrganisation(['eu'])).toEqual([]);
  });

  it('when what team and organisation allow have nothing in common', async () => {
    const teamId = await makeTeam('American');
    expect(await setOfTeam(teamId, ['us'])).toEqual([]);
    expect(await setOfOrganisation(['eu'])).toMatchObject([
      {
        message:
          'input.regions leaves the team "American" no region: the organisation allows eu; the team allows us',
      },
    ]);
    await expect(makeCaller({ teamId, regions: ['eu'] })).rejects.toThrow(
      /leaves the key .* no region: the team allows us; the key allows eu/,
    );
    const key = await makeCaller({ teamId, regions: ['us'] });
    expect(await setOfTeam(teamId, ['eu'])).toMatchObject([{ message: expect.stringContaining(key.id) }]);
    expect(await setOfTeam(teamId, [])).toEqual([]);
    expect(await setOfOrganisation(['eu'])).toMatchObject([{ message: expect.stringContaining(key.id) }]);
    expect(await setOfKey(key.id, [])).toEqual([]);
    expect(await setOfOrganisation(['eu'])).toEqual([]);
  });
});

describe('what a key could use, and no change may take all targets of', () => {
  const [american, european] = [['ohio/model'], ['berlin/model']];
  const why = 'ohio/model is in us; allowed: eu';

  it('is named when the rule of the key or of its team is set', async () => {
    await route('of-keys', american);
    const teamId = await makeTeam('Bound');
    const key = await makeCaller({ teamId });
    const message = expect.stringContaining(`(${key.id}) no target of the route "of-keys": ${why}`);
    const path = ['input', 'regions'];
    expect(await setOfKey(key.id, ['eu'])).toMatchObject([{ code: 'INVALID_INPUT', message, path }]);
    expect(await setOfTeam(teamId, ['eu'])).toMatchObject([{ code: 'INVALID_INPUT', message, path }]);
    expect(await ask('of-keys', key)).toBe('ohio');
    await route('of-keys', ['ohio/model', 'berlin/model']);
    expect(await setOfTeam(teamId, ['eu'])).toEqual([]);
    expect(await ask('of-keys', key)).toBe('berlin');
  });

  it('is not what the key may not use, and not what is new to it', async () => {
    await route('of-others', american);
    const teamId = await makeTeam('Elsewhere');
    expect(await setOfTeam(teamId, ['eu'])).toEqual([]);
    const key = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['berlin/model'] });
    expect(await setOfKey(key.id, ['eu'])).toEqual([]);
    await makeCaller({ regions: ['eu'] });
    await expect(
      makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'], models: ['of-others'], regions: ['eu'] }),
    ).rejects.toThrow(/no target of the route .*of-others/);
    await route('of-others', european);
  });

  it('is named when a route is changed, also one that stands in it', async () => {
    await route('inner', european);
    await route('outer', ['inner']);
    const key = await makeCaller({ regions: ['eu'] });
    const { errors } = await setRoute(gateway(), { name: 'inner', targets: [{ model: 'ohio/model' }] });
    expect(errors.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^input.targets leave the key .* no target of the route "inner"/),
        expect.stringMatching(/no target of the route "outer"/),
      ]),
    );
    expect(await ask('outer', key)).toBe('berlin');
    const fine = await setRoute(gateway(), { name: 'new-to-them', targets: [{ model: 'ohio/model' }] });
    expect(fine.errors).toEqual([]);
    await route('new-to-them', european);
  });
});

it('a budget is refused whose cheaper model is where no request may go', async () => {
  expect(await setOfOrganisation(['eu'])).toEqual([]);
  const { data } = await gateway().ask(
    `mutation {
      budgetSet(input: {
        scope: TEAM, subjectId: "team_default", unit: MONEY, limit: "1", window: TOTAL,
        onExceed: FALLBACK_TO_CHEAPER, fallbackModel: "ohio/model"
      }) { errors { code path message } }
    }`,
  );
  expect(data.budgetSet.errors).toEqual([
    {
      code: 'INVALID_INPUT',
      path: ['input', 'fallbackModel'],
      message:
        'input.fallbackModel is "ohio/model", where no request of the organisation may go: ohio/model is in us; allowed: eu',
    },
  ]);
});

it('a route is refused when the rule of the organisation leaves it no target', async () => {
  expect(await setOfOrganisation(['eu'])).toEqual([]);
  const { errors } = await setRoute(gateway(), { name: 'late', targets: [{ model: 'ohio/model' }] });
  expect(errors).toEqual([
    {
      code: 'INVALID_INPUT',
      message: 'input.targets lead to no model in an allowed region: ohio/model is in us; allowed: eu',
      path: ['input', 'targets'],
    },
  ]);
});

describe('who sets a rule', () => {
  it('is an admin, for the organisation and a team', async () => {
    const { secret } = await makeKey(gateway(), { scopes: ['KEYS_WRITE', 'ROUTES_WRITE'] });
    await expect(setOfOrganisation(['eu'], secret)).rejects.toThrow(/ADMIN/);
  });

  it('gives no key more than their own has', async () => {
    const maker = await makeKey(gateway(), { scopes: ['KEYS_WRITE', 'COMPLETIONS_WRITE'], regions: ['eu'] });
    const make = async (regions: string[]) => {
      const { data } = await gateway().ask(
        `mutation ($regions: [String!]) {
          keyCreate(input: { name: "x", scopes: [COMPLETIONS_WRITE], regions: $regions }) {
            key { id regions } errors { code path }
          }
        }`,
        { regions },
        { key: maker.secret },
      );
      return data.keyCreate;
    };
    const refused = { key: null, errors: [{ code: 'FORBIDDEN', path: ['input', 'regions'] }] };
    expect(await make([])).toEqual(refused);
    expect(await make(['us', 'eu'])).toEqual(refused);
    const { key } = await make(['eu']);
    expect(key.regions).toEqual(['eu']);
    expect(await setOfKey(key.id, [], maker.secret)).toMatchObject([{ code: 'FORBIDDEN' }]);
    const wide = await makeCaller();
    expect(await setOfKey(wide.id, ['eu'], maker.secret)).toMatchObject([{ code: 'FORBIDDEN' }]);
  });

  it('is in the audit, with what it was before', async () => {
    const teamId = await makeTeam('Told');
    await setOfTeam(teamId, ['us', 'eu']);
    await setOfOrganisation(['us', 'eu']);
    const { data } = await gateway().ask(
      `query ($id: ID!) {
        auditEvents(first: 2, filter: { action: { contains: ".update" } }) { nodes { action targetId before after } }
        team(id: $id) { regions }
        viewer { organisation { regions } }
      }`,
      { id: teamId },
    );
    const told = { before: { regions: [] }, after: { regions: ['us', 'eu'] } };
    expect(data).toEqual({
      auditEvents: {
        nodes: [
          { action: 'organisation.update', targetId: 'org_default', ...told },
          { action: 'team.update', targetId: teamId, ...told },
        ],
      },
      team: { regions: ['us', 'eu'] },
      viewer: { organisation: { regions: ['us', 'eu'] } },
    });
  });
});
