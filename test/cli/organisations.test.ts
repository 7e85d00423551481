import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bootGateway } from '../support/gateway.ts';
import { makeFolder, runSluice } from './support/sluice.ts';

const WHO = `{
  viewer { organisation { id name } team { id } scopes key { name } }
  teams { totalCount } auditEvents { nodes { action actor targetId after } }
}`;

it('makes organisations, which know nothing of each other', { timeout: 120_000 }, async () => {
  const folder = await makeFolder();
  const run = (...args: string[]) => runSluice(folder, {}, ['organisations', ...args]).ended;

  const unnamed = await run('create', ' ');
  expect(unnamed).toMatchObject({ code: 1, stdout: '' });
  expect(unnamed.stderr).toBe('sluice: input.name must hold 1 to 200 characters\n');

  const made = await run('create', 'Acme GmbH');
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const lines =
    /^organisation  (org_\w{26})\nteam          (team_\w{26})\nowner key     (sk-sluice-\w{43})  \(shown only this once\)\n$/;
  const [, organisation = '', team = '', key = ''] = lines.exec(made.stdout) ?? [];
  expect(organisation).not.toBe('');

  const again = await run('owner-key', organisation);
  expect(again).toMatchObject({ code: 0, stderr: '' });
  const [, , , second = ''] = lines.exec(again.stdout) ?? [];
  const nowhere = await run('owner-key', 'org_x');
  expect(nowhere).toMatchObject({ code: 1, stdout: '', stderr: 'sluice: no organisation "org_x"\n' });

  const listed = await run('list');
  expect(listed.stdout).toMatch(new RegExp(`^${organisation}  \\d{4}-\\d\\d-\\d\\dT\\S+Z  Acme GmbH\\n$`));

  // Whoever starts the gateway gets their own first key all the same.
  const running = await bootGateway({ dataDir: join(folder, 'data'), variables: { SLUICE_ADMIN_KEY: '' } });
  const [acme, other, ours] = await Promise.all(
    [key, second, running.firstAdminKey!].map(
      async (each) => (await running.ask(WHO, {}, { key: each })).data,
    ),
  );
  expect(acme.viewer).toEqual({
    organisation: { id: organisation, name: 'Acme GmbH' },
    team: { id: team },
    scopes: ['OWNER'],
    key: { name: 'owner (command line)' },
  });
  expect(other).toEqual(acme);
  expect(acme.teams.totalCount).toBe(1);
  expect(
    acme.auditEvents.nodes.map(({ action, actor }: Record<string, string>) => `${action} ${actor}`),
  ).toEqual(['key.create system', 'key.create system', 'organisation.create system']);
  expect(ours.viewer).toMatchObject({ organisation: { id: 'org_default' }, scopes: ['OWNER'] });
  expect(ours.teams.totalCount).toBe(1);
  expect(JSON.stringify([acme, ours])).not.toContain(key.slice(-20));
  await running.stop(0);
});
