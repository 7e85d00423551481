import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { migrateDatabase, MIGRATIONS_FOLDER } from '../../src/db/migrate.ts';
import { appendAudit } from '../../src/events/audit.ts';
import { verifyAudit } from '../../src/events/audit-chain.ts';
import { createTestDatabase } from '../support/test-database.ts';

it('events from before there was a chain become its beginning', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-upgrade-'));
  const { databaseUrl, drop } = await createTestDatabase();
  const database = await openDatabase({ databaseUrl, dataDir: 'memory://' });
  const { sql } = database;
  try {
    const names = (await readdir(MIGRATIONS_FOLDER)).toSorted();
    const before = names.slice(
      0,
      names.findIndex((name) => name.endsWith('audit-chain')),
    );
    for (const name of before)
      await cp(join(MIGRATIONS_FOLDER, name), join(folder, name), { recursive: true });
    await migrateDatabase(database, folder);
    await sql`
      INSERT INTO audit_events (organisation_id, actor_key_id, action, target_id, after, request_id)
      SELECT 'org_' || n % 2, 'key_1', 'x.set', 'x_' || n, '{"a": 1}', 'r' FROM generate_series(1, 7) AS n`;
    await migrateDatabase(database);
    await appendAudit(sql, {
      organisationId: 'org_1',
      actorId: 'key_1',
      action: 'x',
      targetId: 'x_8',
      requestId: 'r',
    });
    expect((await verifyAudit(sql)).chains).toMatchObject([
      { organisationId: 'org_0', events: 3, broken: undefined },
      { organisationId: 'org_1', events: 5, broken: undefined },
    ]);
    const rows = await sql<{ target_id: string }[]>`
      SELECT target_id FROM audit_events WHERE organisation_id = 'org_1' ORDER BY seq`;
    expect(rows.map((row) => row.target_id)).toEqual(['x_1', 'x_3', 'x_5', 'x_7', 'x_8']);
  } finally {
    await database.close();
    await drop();
    await rm(folder, { recursive: true });
  }
});
