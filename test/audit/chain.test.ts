import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/db/database.ts';
import { MIGRATIONS_FOLDER, migrateDatabase } from '../../src/db/migrate.ts';
import { appendAudit, appendAudits, type AuditRecord } from '../../src/events/audit.ts';
import { verifyAudit } from '../../src/events/audit-chain.ts';
import { createTestDatabase } from '../support/test-database.ts';

let database: Database;
let drop: () => Promise<void>;
let made = 0;

beforeAll(async () => {
  const test = await createTestDatabase();
  drop = test.drop;
  database = await openDatabase({ databaseUrl: test.databaseUrl, dataDir: 'memory://' });
  await migrateDatabase(database);
});
afterAll(async () => {
  await database.close();
  await drop();
});

function record(organisationId: string, changes: Partial<AuditRecord> = {}): AuditRecord {
  const after = { amount: '0.5', note: 'é漢😀 "\\', nested: [1, { b: null, a: true }] };
  return {
    organisationId,
    actorId: 'key_1',
    action: 'x.set',
    targetId: 'x_1',
    after,
    requestId: 'r',
    ...changes,
  };
}

/** A chain of five events of an organisation of its own. */
async function makeChain(): Promise<string> {
  const organisationId = `org_${(made += 1)}`;
  const { sql } = database;
  await appendAudit(sql, record(organisationId));
  await appendAudits(
    sql,
    [1, 2, 3].map((n) => record(organisationId, { before: { n }, ip: '10.0.0.1' })),
  );
  await sql.begin((tx) => appendAudit(tx, record(organisationId, { after: undefined })));
  return organisationId;
}

/** As somebody would who owns the database. */
async function tamper(organisationId: string, how: string): Promise<void> {
  await database.sql.begin(async (tx) => {
    for (const table of ['audit_events', 'audit_heads'])
      await tx.unsafe(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    await tx.unsafe(how.replaceAll(':o', `'${organisationId}'`));
    for (const table of ['audit_events', 'audit_heads'])
      await tx.unsafe(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  });
}

async function breakOf(organisationId: string): Promise<string | undefined> {
  const { chains } = await verifyAudit(database.sql, { organisationId });
  return chains.map(({ broken }) => broken?.what).join();
}

describe('the chain of an organisation', () => {
  it('gives each event its place and the hash of the one before', async () => {
    const organisationId = await makeChain();
    const rows = await database.sql<{ seq: bigint; hash: string; previous_hash: string }[]>`
      SELECT seq, hash, previous_hash FROM audit_events WHERE organisation_id = ${organisationId} ORDER BY seq`;
    expect(rows.map(({ seq }) => seq)).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(rows.map((row) => row.previous_hash)).toEqual(['', ...rows.slice(0, -1).map((row) => row.hash)]);
    const { chains } = await verifyAudit(database.sql, { organisationId });
    expect(chains).toEqual([{ organisationId, events: 5, head: rows.at(-1)?.hash, broken: undefined }]);
  });

  it('is one line, however many write at once', async () => {
    const organisationId = `org_${(made += 1)}`;
    await Promise.all(
      Array.from({ length: 40 }, () => database.sql.begin((tx) => appendAudit(tx, record(organisationId)))),
    );
    const { chains } = await verifyAudit(database.sql, { organisationId });
    expect(chains).toMatchObject([{ events: 40, broken: undefined }]);
  });

  it('leaves no gap where a transaction came to nothing', async () => {
    const organisationId = await makeChain();
    const failed = database.sql.begin(async (tx) => {
      await appendAudit(tx, record(organisationId));
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await appendAudit(database.sql, record(organisationId));
    const { chains } = await verifyAudit(database.sql, { organisationId });
    expect(chains).toMatchObject([{ events: 6, broken: undefined }]);
  });

  it('hashes every column', async () => {
    const columns = await database.sql<{ name: string }[]>`
      SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'audit_events' ORDER BY 1`;
    const folder = (await readdir(MIGRATIONS_FOLDER)).findLast((name) => name.includes('audit-chain')) ?? '';
    const [, hashed = ''] =
      /jsonb_build_array\(([^]*?)\)::text, 'UTF8'/.exec(
        await readFile(join(MIGRATIONS_FOLDER, folder, 'migration.sql'), 'utf8'),
      ) ?? [];
    const named = [...hashed.matchAll(/\be\.(\w+)/g)].map(([, name = '']) => name);
    expect([...named, 'hash'].toSorted()).toEqual(columns.map(({ name }) => name));
  });

  it('cannot be chosen by whoever inserts', async () => {
    const organisationId = await makeChain();
    await database.sql`
      INSERT INTO audit_events (organisation_id, actor_key_id, action, target_id, request_id, seq, hash, at)
      VALUES (${organisationId}, 'k', 'a', 't', 'r', 99, ${hash('sha256', '')}, '2020-01-01')`;
    const [row] = await database.sql<{ seq: bigint; recent: boolean }[]>`
      SELECT seq, at > now() - interval '1 hour' AS recent FROM audit_events
      WHERE organisation_id = ${organisationId} ORDER BY seq DESC LIMIT 1`;
    expect(row).toEqual({ seq: 6n, recent: true });
    expect(await breakOf(organisationId)).toBe('');
  });
});

describe('the audit is append only', () => {
  it.each([
    `UPDATE audit_events SET action = 'y'`,
    'DELETE FROM audit_events',
    'TRUNCATE audit_events',
    'UPDATE audit_heads SET seq = 0',
    `INSERT INTO audit_heads VALUES ('org_x', 0, '')`,
    'DELETE FROM audit_heads',
    'TRUNCATE audit_heads',
  ])('%s', async (statement) => {
    await expect(database.sql.unsafe(statement)).rejects.toThrow('the audit is append only');
  });
});

describe('verification finds', () => {
  const SWAP = `UPDATE audit_events SET seq = CASE seq WHEN 2 THEN 1003 ELSE 1002 END
      WHERE organisation_id = :o AND seq IN (2, 3);
    UPDATE audit_events SET seq = seq - 1000 WHERE organisation_id = :o AND seq > 1000`;
  const INSERT = `INSERT INTO audit_events (organisation_id, actor_key_id, action, target_id, request_id, seq, previous_hash, hash)
      SELECT :o, 'k', 'a', 't', 'r', seq + 1, hash, hash FROM audit_events WHERE organisation_id = :o AND seq = 5`;

  it.each([
    [
      'a change',
      `UPDATE audit_events SET actor_key_id = 'key_2' WHERE organisation_id = :o AND seq = 2`,
      'event 2 .* was changed',
    ],
    [
      'a change of a time',
      `UPDATE audit_events SET at = at + interval '1 us' WHERE organisation_id = :o AND seq = 4`,
      'event 4 .* was changed',
    ],
    [
      'NULL for JSON null',
      `UPDATE audit_events SET after = 'null' WHERE organisation_id = :o AND seq = 5`,
      'event 5 .* was changed',
    ],
    [
      'the loss of one in the middle',
      'DELETE FROM audit_events WHERE organisation_id = :o AND seq = 3',
      'event 3 is gone',
    ],
    [
      'the loss of the first',
      'DELETE FROM audit_events WHERE organisation_id = :o AND seq = 1',
      'event 1 is gone',
    ],
    [
      'the loss of the last',
      'DELETE FROM audit_events WHERE organisation_id = :o AND seq = 5',
      'event 5 is gone: the chain had 5',
    ],
    ['the loss of all', 'DELETE FROM audit_events WHERE organisation_id = :o', 'event 1 is gone'],
    ['one more at the end', INSERT, 'event 6 .* was changed'],
    ['another order', SWAP, 'event 2 .* was changed'],
    ['the loss of the head', 'DELETE FROM audit_heads WHERE organisation_id = :o', 'is not kept any more'],
    [
      'another head',
      `UPDATE audit_heads SET hash = 'x' WHERE organisation_id = :o`,
      'event 5 was not appended',
    ],
  ])('%s', async (_, how, what) => {
    const organisationId = await makeChain();
    await tamper(organisationId, how);
    expect(await breakOf(organisationId)).toMatch(new RegExp(what));
  });

  it('one more at the end that is hashed as it should be', async () => {
    const organisationId = await makeChain();
    await tamper(organisationId, INSERT);
    await tamper(
      organisationId,
      'UPDATE audit_events e SET hash = audit_hash(e) WHERE organisation_id = :o AND seq = 6',
    );
    expect(await breakOf(organisationId)).toBe('event 6 was not appended by the gateway');
  });

  it('by a hash that was noted, that a chain was written anew', async () => {
    const organisationId = await makeChain();
    const [before] = (await verifyAudit(database.sql, { organisationId })).chains;
    const known = [before!.head];
    expect((await verifyAudit(database.sql, { organisationId, known })).missing).toEqual([]);
    await tamper(
      organisationId,
      `DELETE FROM audit_events WHERE organisation_id = :o AND seq = 5;
       UPDATE audit_heads h SET seq = 4, hash = (SELECT hash FROM audit_events WHERE organisation_id = :o AND seq = 4)
         WHERE organisation_id = :o`,
    );
    const after = await verifyAudit(database.sql, { organisationId, known });
    expect(after.chains).toMatchObject([{ events: 4, broken: undefined }]);
    expect(after.missing).toEqual(known);
  });

  it('nothing wrong with one organisation because of another', async () => {
    const organisationId = await makeChain();
    const { chains } = await verifyAudit(database.sql);
    expect(chains.find((chain) => chain.organisationId === organisationId)).toMatchObject({
      events: 5,
      broken: undefined,
    });
    expect(chains.filter(({ broken }) => broken).length).toBeGreaterThan(5);
  });
});

describe('what is written down', () => {
  it('holds no secret: a member that is named like one is refused', async () => {
    for (const name of [
      'secret',
      'clientSecret',
      'Authorization',
      'password',
      'api_key',
      'secretHash',
      'refresh_token',
    ])
      await expect(
        appendAudit(database.sql, record('org_s', { before: { a: [{ [name]: 'x' }] } })),
        name,
      ).rejects.toThrow(`the audit takes no`);
  });

  it('keeps of what people wrote all but what looks like a secret', async () => {
    const after = {
      reason: 'my key is sk-sluice-abcdefghijklmnop',
      hint: 'sk-sluice-3fK…9aQ',
      maxTokens: '7',
      keyId: 'key_1',
    };
    await appendAudit(database.sql, record('org_s', { after }));
    const [row] = await database.sql<{ after: object }[]>`
      SELECT after FROM audit_events WHERE organisation_id = 'org_s' ORDER BY seq DESC LIMIT 1`;
    expect(row?.after).toEqual({ ...after, reason: 'my key is [redacted]' });
  });
});
