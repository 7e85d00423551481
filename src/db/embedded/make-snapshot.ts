/** Makes `cluster.tar.br` anew: `node src/db/embedded/make-snapshot.ts`, needed whenever PGlite is renewed. */
import { writeFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { INITDB_OPTIONS } from './cluster.ts';
import { SNAPSHOT } from './snapshot.ts';

const db = await PGlite.create({ initDbStartParams: INITDB_OPTIONS });
// A fresh log file and nothing to recycle: what initdb logged is dead weight.
for (const statement of ['SET wal_recycle = off', 'VACUUM FREEZE', 'SELECT pg_switch_wal()', 'CHECKPOINT']) {
  await db.exec(statement);
}
const archive = await (await db.dumpDataDir('none')).arrayBuffer();
await db.close();
writeFileSync(
  SNAPSHOT,
  brotliCompressSync(archive, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: archive.byteLength,
    },
  }),
);
