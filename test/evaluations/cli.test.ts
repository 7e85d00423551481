import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawProgress } from '../../src/cli/describe-evaluation.ts';
import { makeFolder, runSluice } from '../cli/support/sluice.ts';
import { createPrompt, saying, setLabel } from '../prompts/support.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

const LONG = { timeout: 120_000 };
const gateway = useGateway();

/** What XML, a shell and a terminal each find hard. */
const STRANGE = 'a <b> & "c"\t\'d\' \u0001 ]]> \u{1F600}\nend';
const CASES = [
  { name: 'plain', variables: { text: 'hello' }, expected: 'hello' },
  { name: STRANGE, variables: { text: STRANGE }, expected: 'something else' },
];
const GRADERS = '- exact: {}\n- name: short\n  regex: { pattern: "^.{0,20}$" }\n';

beforeAll(async () => {
  await createPrompt(gateway(), { slug: 'echo', version: saying('{{ text }}') });
  await setLabel(gateway(), { slug: 'echo', label: 'production', version: 1 });
});

async function place(cases: object[] = CASES, graders = GRADERS): Promise<string> {
  const folder = await makeFolder();
  await writeFile(join(folder, 'Echo Cases.jsonl'), cases.map((each) => JSON.stringify(each)).join('\n'));
  await writeFile(join(folder, 'graders.yaml'), graders);
  return folder;
}

const WHOLE = ['--prompt', 'echo', '--dataset', 'Echo Cases.jsonl', '--graders', 'graders.yaml'];

function begin(folder: string, args: string[] = WHOLE, env: Record<string, string> = {}) {
  const known = { SLUICE_URL: gateway().url, SLUICE_KEY: ADMIN_KEY };
  return runSluice(folder, { ...known, ...env }, ['eval', ...args]);
}
const evaluate = (...asked: Parameters<typeof begin>) => begin(...asked).ended;

interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

/** As a strict reader of XML 1.0 has it. */
function readXml(text: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes, children: [], text: '' };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('text', (more) => void (open.at(-1)!.text += more));
  parser.on('closetag', () => void open.pop());
  parser.write(text).close();
  return root.children[0]!;
}

describe('sluice eval', LONG, () => {
  it('uploads a file, tells what failed, and ends with 1 where too little passes', async () => {
    const folder = await place();
    const { code, stdout, stderr } = await evaluate(folder, [...WHOLE, '--junit', 'report.xml']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^2\/2 {2}1 passed {2}1 failed {2}\$0$/m);
    expect(stdout).toMatch(/^echo v1 on echo-cases v1: FAILED$/m);
    expect(stdout).toMatch(/^ {2}1 of 2 cases passed, 50\.0 % \(9\.5 % to 90\.5 %\)$/m);
    expect(stdout).toMatch(/^ {2}exact: 50\.0 % /m);
    expect(stdout).toMatch(/✗ a <b>/);

    const suites = readXml(await readFile(join(folder, 'report.xml'), 'utf8'));
    expect(suites).toMatchObject({
      name: 'testsuites',
      attributes: { tests: '2', failures: '1', errors: '0' },
    });
    const [suite] = suites.children;
    expect(suite).toMatchObject({
      name: 'testsuite',
      attributes: { name: 'echo v1 on echo-cases v1', tests: '2', failures: '1', errors: '0', skipped: '0' },
    });
    const [properties, passed, failed] = suite!.children;
    expect(properties!.children.map(({ attributes }) => attributes['name'])).toEqual([
      'evaluation',
      'status',
      'cost',
    ]);
    expect(passed).toMatchObject({
      name: 'testcase',
      attributes: { classname: 'echo', name: 'plain' },
      children: [],
    });
    const readable = STRANGE.replace('\u0001', '\uFFFD');
    expect(failed!.attributes['name']).toBe(readable);
    expect(failed!.attributes['time']).toMatch(/^\d+\.\d{3}$/);
    expect(failed!.children).toMatchObject([{ name: 'failure', attributes: { type: 'GRADED' } }]);
    expect(failed!.children[0]!.text).toContain(readable);
    expect(failed!.children[0]!.text).toMatch(/^exact 0\.00: /);
  });

  it('ends with 0 where enough passes, and compares', async () => {
    const folder = await place(CASES.slice(0, 1));
    expect((await evaluate(folder)).code).toBe(0);
    const again = await evaluate(folder, [...WHOLE, '--compare', 'production', '--min-pass-rate', '0.5']);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^compared with production, of 1 cases in common:$/m);
    expect(again.stdout).toMatch(/^ {2}passed 100\.0 % → 100\.0 %, by 0\.0 points \(.*\), p 1\.000$/m);
  });

  it('ends with 1, and reports an error, where it is stopped', async () => {
    const folder = await place(CASES.slice(0, 1));
    const args = [...WHOLE, '--model', 'demo/expensive', '--max-cost', '0.01', '--junit', 'report.xml'];
    const { code, stdout } = await evaluate(folder, args);
    expect(code).toBe(1);
    expect(stdout).toMatch(/STOPPED, \$0 of \$0\.01 is spent, and the next case may come to/);
    const [suite] = readXml(await readFile(join(folder, 'report.xml'), 'utf8')).children;
    expect(suite!.attributes).toMatchObject({ tests: '1', errors: '1' });
    expect(suite!.children.at(-1)).toMatchObject({
      attributes: { name: 'evaluation' },
      children: [{ name: 'error', attributes: { type: 'STOPPED' } }],
    });
  });

  it('cancels what nobody waits for any more', async () => {
    const running = begin(await place(), [...WHOLE, '--model', 'demo/silent']);
    const query = '{ evaluations(first: 1, filter: { status: [RUNNING] }) { nodes { id } } }';
    while ((await gateway().ask(query)).data.evaluations.nodes.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const { code, stdout } = await running.stop();
    expect(code).toBe(1);
    expect(stdout).toMatch(/STOPPED, it was cancelled$/m);
  });

  it.each<[string, string[], RegExp, Record<string, string>?]>([
    ['an option is missing', ['--prompt', 'echo'], /required option '--dataset <name>' not specified/],
    ['an option is unknown', [...WHOLE, '--fast'], /unknown option '--fast'/],
    [
      'an option is no number',
      [...WHOLE, '--concurrency', 'many'],
      /--concurrency is "many"; it must be a number/,
    ],
    [
      'a number is refused',
      [...WHOLE, '--concurrency', '21'],
      /input\.concurrency is 21; it must be from 1 to 20/,
    ],
    ['there is no such prompt', ['--prompt', 'none', ...WHOLE.slice(2)], /no prompt "none"/],
    [
      'there is nothing to compare with',
      [...WHOLE, '--compare', 'staging'],
      /no label staging to compare with/,
    ],
    ['there is no gateway', [...WHOLE, '--url', 'http://127.0.0.1:1/graphql'], /no gateway answers/],
    ['the key is unknown', WHOLE, /unknown, expired or revoked/, { SLUICE_KEY: 'sk-sluice-none' }],
  ])('ends with 2 where %s', async (_, args, message, env) => {
    const { code, stderr } = await evaluate(await place(), args, env);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  });

  it.each([
    ['{"variables": {"text": "x"}}\n{"variables"', GRADERS, /Echo Cases\.jsonl:2 is no JSON/],
    [
      '{"text": "x"}',
      GRADERS,
      /Echo Cases\.jsonl:1 has "text"; a case has "name", "variables" and "expected"/,
    ],
    ['{"variables": {"txt": "x"}}', GRADERS, /txt/],
    ['{"variables": {"text": "x"}}', '- exact: { ignoreCase: 1 }', /ignoreCase/i],
    ['{"variables": {"text": "x"}}', 'exact', /has no list of graders/],
  ])('tells what is wrong in a file: %s', async (cases, graders, message) => {
    const folder = await place([], graders);
    await writeFile(join(folder, 'Echo Cases.jsonl'), cases);
    const { code, stderr } = await evaluate(folder);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  });
});

it('draws how far it is for a terminal', () => {
  const counts = { total: 4, done: 2, passed: 1, failed: 0, errors: 1 };
  const standing = { status: 'RUNNING', counts, cost: { amount: '0.5' }, etaSeconds: 3 };
  expect(drawProgress(standing as Parameters<typeof drawProgress>[0])).toBe(
    `${'█'.repeat(12)}${'░'.repeat(12)}  2/4  1 passed  1 failed  $0.5  3 s left`,
  );
});
