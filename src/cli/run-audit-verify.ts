import { readEnvironment } from '../config/env.ts';
import { loadConfig } from '../config/load.ts';
import { openDatabase } from '../db/database.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { verifyAudit, type Verification } from '../events/audit-chain.ts';

/** What was given on the command line. */
export interface AuditVerifyOptions {
  organisation?: string;
  /** Hashes noted earlier. */
  known?: string[];
}

/**
 * Verifies the audit in the database that the configuration names, and prints where each chain ends.
 * @throws Error when a chain is broken, a hash that was noted is gone, or there is no such organisation.
 */
export async function runAuditVerify({ organisation, known }: AuditVerifyOptions): Promise<void> {
  const database = await openDatabase(loadConfig(readEnvironment()));
  try {
    await migrateDatabase(database);
    const found = await verifyAudit(database.sql, { organisationId: organisation, known: known ?? [] });
    if (organisation !== undefined && found.chains.length === 0)
      throw new Error(`there is no audit of an organisation ${JSON.stringify(organisation)}`);
    process.stdout.write(describe(found));
    const faults = listFaults(found);
    if (faults.length > 0) throw new Error(`the audit is not what was written:\n${faults.join('\n')}`);
  } finally {
    await database.close();
  }
}

function describe({ chains }: Verification): string {
  const events = chains.reduce((sum, chain) => sum + chain.events, 0);
  return [
    `verified ${count(events, 'event')} of ${count(chains.length, 'organisation')}`,
    ...chains.map(
      ({ organisationId, events: own, head }) => `${organisationId}: ${count(own, 'event')}, head ${head}`,
    ),
    '',
  ].join('\n');
}

function listFaults({ chains, missing }: Verification): string[] {
  return [
    ...chains.flatMap(({ organisationId, broken }) => (broken ? `${organisationId}: ${broken.what}` : [])),
    ...missing.map((hash) => `no event has the hash ${hash}`),
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
