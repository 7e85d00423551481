import { readFileSync, renameSync, linkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';

const REFRESH_MS = 5_000;
/** A lock of another machine or container that nobody refreshed for this long has no living owner. */
const ABANDONED_MS = 30_000;

interface Owner {
  pid: number;
  /** Tells a process from a later one with the same id, for instance process 1 of a restarted container. */
  startedAt: string | undefined;
  host: string;
}

/**
 * Takes a lock file that only one living process can hold. A dead owner's lock is taken over.
 * @param what is locked, for the error.
 * @returns how to give it back; done by itself when the process exits.
 * @throws Error that names the process in whose hands it is.
 */
export function takeLock(file: string, what: string): () => void {
  const mine = JSON.stringify({ pid: process.pid, startedAt: findStart(process.pid), host: hostname() });
  while (!createOnce(file, mine)) {
    const seen = readIfThere(file);
    if (seen === undefined) continue;
    const owner = parseOwner(seen);
    if (isHeld(file, owner)) throw new Error(`${what} is in use by ${describeOwner(owner)}`);
    discard(file, seen);
  }
  return holdLock(file);
}

function holdLock(file: string): () => void {
  const refresh = setInterval(() => touch(file), REFRESH_MS).unref();
  const release = () => {
    clearInterval(refresh);
    process.off('exit', release);
    rmSync(file, { force: true });
  };
  process.once('exit', release);
  return release;
}

function createOnce(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

function isHeld(file: string, owner: Owner | undefined): boolean {
  if (!owner || owner.host !== hostname()) return Date.now() - modifiedMs(file) < ABANDONED_MS;
  return isRunning(owner.pid) && findStart(owner.pid) === owner.startedAt;
}

/** Moved aside first, so that of two processes that saw the same dead owner only one removes it. */
function discard(file: string, seen: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, 'utf8') !== seen) linkSync(aside, file);
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'EEXIST')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Clock ticks from boot to the start of the process, where the system tells. */
function findStart(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The name of the program comes before and may hold spaces and brackets; the start is field 22 of them all.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner: Owner = JSON.parse(text);
    return Number.isInteger(owner.pid) && owner.pid > 0 ? owner : undefined;
  } catch {
    // Its owner is just writing it, or died while it did.
    return undefined;
  }
}

function describeOwner(owner: Owner | undefined): string {
  if (!owner) return 'a process that is just starting';
  return owner.host === hostname() ? `process ${owner.pid}` : `process ${owner.pid} on ${owner.host}`;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function modifiedMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function touch(file: string): void {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // Somebody removed the file by hand: the next process to start will notice nothing, and we cannot help it.
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
