import { expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { appendAudit } from '../../src/events/audit.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { makeFolder, runSluice } from './support/sluice.ts';

it('says what was verified, and ends with 1 when something was changed', async () => {
  const folder = await makeFolder();
  const { databaseUrl, drop } = await createTestDatabase();
  const env: Record<string, string> = databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl };
  const open = () => openDatabase({ databaseUrl, dataDir: `${folder}/data` });
  const verify = (...args: string[]) => runSluice(folder, env, ['audit', 'verify', ...args]).ended;

  const before = await open();
  await migrateDatabase(before);
  for (const organisationId of ['org_a', 'org_a', 'org_b'])
    await appendAudit(before.sql, {
      organisationId,
      actorId: 'key_1',
      action: 'x.set',
      targetId: 'x',
      requestId: 'r',
    });
  await before.close();

  const whole = await verify();
  expect(whole).toMatchObject({ code: 0, stderr: '' });
  expect(whole.stdout).toMatch(
    /^verified 3 events of 2 organisations\norg_a: 2 events, head [0-9a-f]{64}\norg_b: 1 event, head [0-9a-f]{64}\n$/,
  );
  expect((await verify('--organisation', 'org_b')).stdout).toContain('verified 1 event of 1 organisation\n');
  expect(await verify('--organisation', 'org_c')).toMatchObject({
    code: 1,
    stderr: 'sluice: there is no audit of an organisation "org_c"\n',
  });

  const after = await open();
  await after.sql.unsafe(`ALTER TABLE audit_events DISABLE TRIGGER USER;
    UPDATE audit_events SET target_id = 'y' WHERE organisation_id = 'org_a' AND seq = 1`);
  await after.close();
  const broken = await verify('--known', 'ff');
  expect(broken.code).toBe(1);
  expect(broken.stderr).toMatch(
    /^sluice: the audit is not what was written:\norg_a: event 1 \(aud_\d+\) was changed: .*\nno event has the hash ff\n$/,
  );
  await drop();
});
