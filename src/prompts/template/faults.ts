import { TEMPLATE_LIMITS } from './limits.ts';

/** What is wrong at one place of a prompt. */
export interface TemplateFault {
  /** `["messages", "0", "template"]`, `["partials", "greeting"]` or `["variables", "2", "type"]`. */
  path: string[];
  /** Counts from 1; 0 where the path leads to no template. */
  line: number;
  /** In UTF-16 units, from 1; 0 where the path leads to no template. */
  column: number;
  message: string;
}

/** The templates of a prompt cannot be taken; lists every fault that was found, at most 20. */
export class TemplateFaults extends Error {
  override name = 'TemplateFaults';
  readonly faults: readonly TemplateFault[];
  constructor(faults: readonly TemplateFault[]) {
    super(faults.map(sayFault).join('; '));
    this.faults = faults;
  }
}

/** A template, and where it stands in the prompt. */
export interface Source {
  path: string[];
  text: string;
}

/** A character of a template. */
export interface Place {
  source: Source;
  begin: number;
}

/** Gathers faults; each one is told once. */
export interface FaultList {
  add(place: Place, message: string): void;
  /** For what stands in no template. */
  addAt(path: string[], message: string): void;
  isEmpty(): boolean;
  isFull(): boolean;
  /** @throws TemplateFaults unless there is none. */
  throwAny(): void;
}

export function createFaultList(): FaultList {
  const found = new Map<string, TemplateFault>();
  const isFull = () => found.size >= TEMPLATE_LIMITS.faults;
  return {
    add({ source, begin }, message) {
      const key = `${source.path.join('.')} ${begin} ${message}`;
      if (isFull() || found.has(key)) return;
      found.set(key, { path: source.path, ...lineAndColumn(source.text, begin), message });
    },
    addAt(path, message) {
      if (!isFull()) found.set(`${path.join('.')} ${message}`, { path, line: 0, column: 0, message });
    },
    isEmpty: () => found.size === 0,
    isFull,
    throwAny() {
      if (found.size > 0) throw new TemplateFaults([...found.values()]);
    },
  };
}

/** Both from 1. */
export function lineAndColumn(text: string, begin: number): { line: number; column: number } {
  const before = text.slice(0, begin);
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

function sayFault({ path, line, column, message }: TemplateFault): string {
  const where = path.join('.');
  return line === 0 ? `${where}: ${message}` : `${where}, line ${line}, column ${column}: ${message}`;
}
