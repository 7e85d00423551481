import { readFile } from 'node:fs/promises';

const WASM = new URL('./pglite.wasm', import.meta.resolve('@electric-sql/pglite'));

let compiling: Promise<WebAssembly.Module> | undefined;

/**
 * The code of PostgreSQL, compiled once and kept by the process: a thread that is started again shares what the one
 * before it has compiled and made fast.
 */
export function loadEngine(): Promise<WebAssembly.Module> {
  compiling ??= readFile(WASM).then((bytes) => WebAssembly.compile(bytes));
  return compiling;
}
