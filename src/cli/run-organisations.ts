import { loadHashingKey } from '../access/hashing-key.ts';
import {
  createOrganisation,
  createOwnerKey,
  listOrganisations,
  type Founded,
} from '../access/organisations.ts';
import type { Config } from '../config/config.ts';
import { readEnvironment } from '../config/env.ts';
import { loadConfig } from '../config/load.ts';
import { openDatabase, type Database } from '../db/database.ts';
import { migrateDatabase } from '../db/migrate.ts';

/** Makes an organisation in the database that the configuration names; running gateways on it know it at once. */
export async function runOrganisationCreate(name: string): Promise<void> {
  await withDatabase(async ({ db, sql }, config) => {
    print(await createOrganisation(sql, await loadHashingKey(db, config), name));
  });
}

/** Makes another owner's key for an organisation that has lost its own. */
export async function runOwnerKeyCreate(organisationId: string): Promise<void> {
  await withDatabase(async ({ db, sql }, config) => {
    print(await createOwnerKey(sql, await loadHashingKey(db, config), organisationId));
  });
}

function print({ organisationId, teamId, ownerKey }: Founded): void {
  process.stdout.write(
    `organisation  ${organisationId}\nteam          ${teamId}\nowner key     ${ownerKey}  (shown only this once)\n`,
  );
}

/** Prints a line for each: its id, when it was made, and its name. */
export async function runOrganisationsList(): Promise<void> {
  await withDatabase(async ({ db }) => {
    const lines = (await listOrganisations(db)).map(
      ({ id, createdAt, name }) => `${id}  ${createdAt.toISOString()}  ${name}\n`,
    );
    process.stdout.write(lines.join(''));
  });
}

async function withDatabase(work: (database: Database, config: Config) => Promise<void>): Promise<void> {
  const config = loadConfig(readEnvironment());
  const database = await openDatabase(config);
  try {
    await migrateDatabase(database);
    await work(database, config);
  } finally {
    await database.close();
  }
}
