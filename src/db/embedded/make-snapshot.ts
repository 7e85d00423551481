/** Makes `cluster.tar.br` anew: `node src/db/embedded/make-snapshot.ts`, needed whenever PGlite is renewed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { INITDB_OPTIONS } from './cluster.ts';
import { SNAPSHOT } from './snapshot.ts';

const MAX_ARCHIVE_BYTES = 100 * 1024 * 1024;

const directory = mkdtempSync(join(tmpdir(), 'cluster-'));
const db = await PGlite.create({ dataDir: directory, initDbStartParams: INITDB_OPTIONS });
// A fresh log file and nothing to recycle: what initdb logged is dead weight.
for (const statement of ['SET wal_recycle = off', 'VACUUM FREEZE', 'SELECT pg_switch_wal()', 'CHECKPOINT']) {
  await db.exec(statement);
}
// Closed before it is read: a cluster that was shut down needs no recovery at its first start.
await db.close();
const archive = execFileSync('tar', ['--format=ustar', '-C', directory, '-cf', '-', '.'], {
  maxBuffer: MAX_ARCHIVE_BYTES,
});
rmSync(directory, { recursive: true });
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
