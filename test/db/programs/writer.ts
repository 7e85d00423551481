/** Opens the embedded database in the directory it is given and commits row after row, saying each number after its commit. */
import { openDatabase } from '../../../src/db/database.ts';

const { sql } = await openDatabase({ databaseUrl: undefined, dataDir: process.argv[2] ?? '' });
await sql`CREATE TABLE IF NOT EXISTS counted (n int PRIMARY KEY, twin int NOT NULL)`;
for (let n = 1; ; n++) {
  await sql.begin(async (tx) => {
    await tx`INSERT INTO counted VALUES (${n}, 0)`;
    await tx`UPDATE counted SET twin = ${n} WHERE n = ${n}`;
  });
  process.stdout.write(`${n}\n`);
}
