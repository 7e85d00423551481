import { createInterface } from 'node:readline/promises';

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Asks whoever sits at the terminal.
 * @throws Error unless they agree, also where nobody can be asked.
 */
export async function ensureAgreed(question: string): Promise<void> {
  const unchanged = 'nothing was changed';
  if (!process.stdin.isTTY) throw new Error(`${unchanged}; --yes applies without asking`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Error(unchanged);
}

/** `1 route`, `2 routes`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
