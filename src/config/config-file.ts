import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Document, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { ConfigProblem } from './config-error.ts';

const DEFAULT_NAME = 'sluice.config.yaml';

/** A config file as it was read; without one it is empty and has no problems. */
export interface ConfigFile {
  content: unknown;
  problems: ConfigProblem[];
  locate: Locate;
}

/**
 * File name and line of a setting, for messages.
 * @param line of the text that it is, from 1 on, where that stands in lines of its own.
 */
export type Locate = (path: readonly PropertyKey[], line?: number) => string | undefined;

const NO_FILE: ConfigFile = { content: {}, problems: [], locate: () => undefined };

/** Reads the file named by `SLUICE_CONFIG`, which then has to exist, or `sluice.config.yaml` if it does. */
export function readConfigFile(directory: string, named: string | undefined): ConfigFile {
  const path = resolve(directory, named ?? DEFAULT_NAME);
  try {
    return parseConfigFile(basename(path), readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && named === undefined) return NO_FILE;
    const message = code === 'ENOENT' ? 'names a file that does not exist' : `cannot be read (${code})`;
    return {
      ...NO_FILE,
      problems: [
        { setting: named === undefined ? DEFAULT_NAME : 'SLUICE_CONFIG', message: `${message}: ${path}` },
      ],
    };
  }
}

/** @param name what messages call the file by. */
export function parseConfigFile(name: string, text: string): ConfigFile {
  const lines = new LineCounter();
  const at = (offset: number) => `${name}:${lines.linePos(offset).line}`;
  // Without pretty errors: those show the faulty line, which may hold a key.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = document.errors.map((error) => ({
    setting: '',
    message: error.message,
    at: at(error.pos[0]),
  }));
  return {
    ...(problems.length > 0 ? { content: {}, problems } : readContent(document, name)),
    locate(path, line) {
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true);
        if (!isNode(node) || !node.range) continue;
        const isBlock = isScalar(node) && node.type === 'BLOCK_LITERAL' && length === path.length;
        // The first line of a block is the one after the sign that begins it.
        const below = isBlock && line !== undefined ? line : 0;
        return `${name}:${lines.linePos(node.range[0]).line + below}`;
      }
      return name;
    },
  };
}

/** A key with nothing after it says nothing. */
function readContent(document: Document, name: string): Pick<ConfigFile, 'content' | 'problems'> {
  try {
    return { content: document.toJS({ reviver: (_, value) => value ?? undefined }) ?? {}, problems: [] };
  } catch (error) {
    return { content: {}, problems: [{ setting: '', message: (error as Error).message, at: name }] };
  }
}
