import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

/** An empty cluster, ready to run: a tar archive, compressed by `make-snapshot.ts`. */
export const SNAPSHOT = new URL('./cluster.tar.br', import.meta.url);

const BLOCK_BYTES = 512;

/** @returns the archive, unpacked from its compression only. */
export async function readSnapshot(): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await promisify(brotliDecompress)(await readFile(SNAPSHOT)));
}

/** Writes the archive's files below a directory, which is made; readable by its owner only. Holds up the thread. */
export function unpack(archive: Uint8Array, directory: string): void {
  for (const entry of readEntries(archive)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory) mkdirSync(path, { recursive: true, mode: 0o700 });
    else writeFileSync(path, entry.data, { mode: 0o600 });
  }
}

/** Files and directories of a tar archive (POSIX ustar), in their order: a directory before what is in it. */
function* readEntries(
  archive: Uint8Array,
): Generator<{ name: string; isDirectory: boolean; data: Uint8Array }> {
  const text = (at: number, length: number) => readText(archive.subarray(at, at + length));
  for (let at = 0; archive[at];) {
    const bytes = Number.parseInt(text(at + 124, 12), 8);
    const start = at + BLOCK_BYTES;
    yield {
      name: text(at, 100),
      isDirectory: text(at + 156, 1) === '5',
      data: archive.subarray(start, start + bytes),
    };
    at = start + Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

function readText(field: Uint8Array): string {
  return Buffer.from(field).toString('latin1').replace(/\0.*/s, '');
}
