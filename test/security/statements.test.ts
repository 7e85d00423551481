import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LESSONS } from './support/lessons.ts';
import { OWASP } from './support/owasp.ts';

const top = join(import.meta.dirname, '../..');
const STATEMENTS = { ...OWASP, ...LESSONS };

describe('each statement', () => {
  it('is there', () => {
    const numbers = (prefix: string, last: number) =>
      Array.from({ length: last }, (_, at) => `${prefix}${at + 1}`);
    expect(Object.keys(STATEMENTS).toSorted()).toEqual(
      [
        ...numbers('G', 14),
        ...numbers('A', 10),
        ...numbers('L', 10),
        ...numbers('', 25),
        'F24',
        'F25',
        'F26',
        'F30',
        'F31',
      ].toSorted(),
    );
  });

  it.each(Object.entries(STATEMENTS))(
    '%s is shown by a test that exists, or cannot be said of anything yet',
    (_, { shown = [], notYet }) => {
      expect(shown.length > 0).toBe(notYet === undefined);
      for (const [file, name] of shown) {
        expect(existsSync(join(top, file)), file).toBe(true);
        expect(readFileSync(join(top, file), 'utf8'), `${file}: ${name}`).toContain(name);
      }
    },
  );
});
