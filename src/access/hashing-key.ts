import { createHmac } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { settings } from '../db/tables/settings.ts';
import { newHashingKey } from './secrets.ts';

const FILE = 'secret.key';
const FINGERPRINT = 'hashing_key_fingerprint';

/**
 * The key that API keys are hashed with: SLUICE_SECRET, or one made at the first start and kept in the data
 * directory, readable by its owner only. The database remembers its fingerprint, because with another key every
 * API key would silently be unknown.
 * @throws Error when the database was used with another one.
 */
export async function loadHashingKey(
  db: Db,
  options: { secret: string | undefined; dataDir: string },
): Promise<Buffer> {
  const key = Buffer.from(options.secret ?? (await readOrMake(options.dataDir)));
  const fingerprint = createHmac('sha256', key).update(FINGERPRINT).digest('hex');
  await db.insert(settings).values({ name: FINGERPRINT, value: fingerprint }).onConflictDoNothing();
  const [known] = await db.select().from(settings).where(eq(settings.name, FINGERPRINT));
  if (known?.value === fingerprint) return key;
  throw new Error(
    `the keys in this database were hashed with another secret; set SLUICE_SECRET to it, or copy ${FILE} from the data directory of the first instance into ${options.dataDir}`,
  );
}

async function readOrMake(dataDir: string): Promise<string> {
  if (dataDir === 'memory://') return newHashingKey();
  const path = join(dataDir, FILE);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await mkdir(dataDir, { recursive: true });
  const made = newHashingKey();
  // Renamed into place, so that a crash in between cannot leave half a key behind.
  await writeFile(`${path}.new`, `${made}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return made;
}
