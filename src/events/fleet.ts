import { eq } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { settings } from '../db/tables/settings.ts';
import { newId } from '../lib/ids.ts';

const NAME = 'fleet';

/** What the instances on one database call themselves, so that they are not taken for those on another one. */
export async function readFleet(db: Db): Promise<string> {
  await db
    .insert(settings)
    .values({ name: NAME, value: newId('fleet') })
    .onConflictDoNothing();
  const [known] = await db.select().from(settings).where(eq(settings.name, NAME));
  if (!known) throw new Error('the database does not keep what it is told');
  return known.value;
}
