import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { labelled, protect, setPartial } from '../prompts/store/support.ts';
import { createPrompt, saying } from '../prompts/support.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { makeFolder, runSluice } from './support/sluice.ts';

const LONG = { timeout: 180_000 };
const gateway = useGateway();

function prompts(folder: string, args: string[], env: Record<string, string> = {}) {
  const known = { SLUICE_URL: gateway().url, SLUICE_KEY: ADMIN_KEY };
  return runSluice(folder, { ...known, ...env }, ['prompts', ...args]).ended;
}

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, 'prompts', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

const read = (folder: string, file: string) => readFile(join(folder, 'prompts', file), 'utf8');
async function list(folder: string): Promise<string[]> {
  const found = await readdir(join(folder, 'prompts'), { recursive: true });
  return found.filter((path) => path.includes('.')).toSorted();
}

const SUMMARIZE = `# What agents read first.
description: Says in short what a customer wants
model: demo/echo
params:
  temperature: 0.2
messages:
  - role: SYSTEM
    template: |
      You summarise tickets of {{ product }}.

      {% render 'tone' %}
  - role: USER
    template: |-
      # {{ ticket.title }}
      {{ ticket.body }}
outputSchema:
  type: object
  properties:
    summary:
      type: string
`;
const GREET = `model: demo/echo
variables:
  - name: name
    type: STRING
    description: Who comes in
    default: you
messages:
  - role: USER
    template: |-
      Hello {{ name }}
`;
const TONE = 'Be kind.\nBe brief.\n';
const FILES = {
  'support/summarize.yaml': SUMMARIZE,
  'greet.yaml': GREET,
  'partials/tone.liquid': TONE,
};
/** The same with what only the gateway had. */
const ALL = {
  ...FILES,
  'unfiled.yaml': 'model: demo/echo\nmessages:\n  - role: USER\n    template: |-\n      Hello\n',
  'partials/unfiled.liquid': 'Nobody has me in a file.',
};
const CHANGED = {
  ...ALL,
  'support/summarize.yaml': SUMMARIZE.replace('# {{ ticket.title }}\n', '').replace('0.2', '0.5'),
  'partials/tone.liquid': TONE.replace('kind', 'kind\u001b[31m'),
  'greet.yaml': GREET.replace('Hello {{ name }}', 'Hello {{ name }}\n      and welcome'),
};

describe('prompts in files', () => {
  beforeAll(async () => {
    await createPrompt(gateway(), { slug: 'unfiled', version: saying('Hello') });
    await setPartial(gateway(), 'unfiled', 'Nobody has me in a file.');
  });

  it('are planned, pushed as they were shown, and pulled as they are', LONG, async () => {
    const folder = await makeFolder();
    await write(folder, FILES);
    const planned = await prompts(folder, ['plan', '--label', 'staging']);
    expect(planned).toMatchObject({ code: 0, stderr: '' });
    expect(planned.stdout).toBe(`+ partial tone
    + template:
        + Be kind.
        + Be brief.
+ greet
    + model: "demo/echo"
    + messages.0 USER: "Hello {{ name }}"
    + variables.name: {"default":"you","name":"name","type":"STRING","description":"Who comes in","required":false,"neverLog":false}
    label staging: version 1
+ summarize
    + folder: "support"
    + description: "Says in short what a customer wants"
    + model: "demo/echo"
    + params.temperature: 0.2
    + outputSchema: {"type":"object","properties":{"summary":{"type":"string"}}}
    + messages.0 SYSTEM:
        + You summarise tickets of {{ product }}.
        + 
        + {% render 'tone' %}
    + messages.1 USER:
        + # {{ ticket.title }}
        + {{ ticket.body }}
    + variables.product: {"name":"product","type":"STRING","required":true,"neverLog":false}
    + variables.ticket: {"name":"ticket","type":"OBJECT","schema":{"type":"object","required":["title","body"],"properties":{"title":{"type":"string"},"body":{"type":"string"}}},"required":true,"neverLog":false}
    + partials.tone.version: 1
    label staging: version 1
3 to create, 0 to change, 0 to archive, 0 as they are
in no file, and kept without --prune: unfiled
partials in no file, and kept: unfiled
`);
    expect((await prompts(folder, ['plan', '--check'])).code).toBe(1);
    const pushed = await prompts(folder, ['push', '--label', 'staging', '--yes', '--note', 'first of all']);
    expect(pushed).toEqual({ code: 0, stderr: '', stdout: `${planned.stdout}pushed\n` });
    expect(await labelled(gateway(), 'summarize', 'staging')).toBe(1);
    const { data } = await gateway().ask('{ prompt(slug: "greet") { folder version { number note } } }');
    expect(data.prompt).toEqual({ folder: '', version: { number: 1, note: 'first of all' } });

    // From here on nobody has anything to do.
    const checked = await prompts(folder, ['plan', '--check', '--label', 'staging']);
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain('0 to create, 0 to change, 0 to archive, 3 as they are\n');
    const pulled = await prompts(folder, ['pull']);
    expect(pulled).toEqual({
      code: 0,
      stderr: '',
      stdout: 'wrote prompts/partials/unfiled.liquid\nwrote prompts/unfiled.yaml\n3 prompts, 2 partials\n',
    });
    for (const [file, content] of Object.entries(FILES)) expect(await read(folder, file)).toBe(content);

    const other = await makeFolder();
    expect(await prompts(other, ['pull'])).toMatchObject({ code: 0, stderr: '' });
    expect(await list(other)).toEqual(Object.keys(ALL).toSorted());
    for (const [file, content] of Object.entries(ALL))
      expect(await read(other, file)).toBe(content.replace(/^#.*\n/, ''));
    expect((await prompts(other, ['plan', '--check', '--prune'])).code).toBe(0);
  });

  it('show what became of them, line by line, and archive with --prune alone', LONG, async () => {
    const folder = await makeFolder();
    await write(folder, CHANGED);
    const { code, stdout } = await prompts(folder, ['plan']);
    expect(code).toBe(0);
    expect(stdout).toBe(`~ partial tone (version 1)
    ~ template:
        - Be kind.
        + Be kind\\u001b[31m.
          Be brief.
~ greet (version 1)
    ~ messages.0.template:
          Hello {{ name }}
        + and welcome
~ summarize (version 1)
    ~ params.temperature: 0.2 => 0.5
    ~ messages.1.template:
        - # {{ ticket.title }}
          {{ ticket.body }}
    ~ variables.ticket.schema.required: ["title","body"] => ["body"]
    - variables.ticket.schema.properties.title: {"type":"string"}
    ~ partials.tone.version: 1 => 2
0 to create, 3 to change, 0 to archive, 2 as they are
`);
    await createPrompt(gateway(), { slug: 'pruned', version: saying('Hello') });
    const unasked = await prompts(folder, ['push', '--prune']);
    expect(unasked).toMatchObject({
      code: 1,
      stderr: 'sluice: nothing was changed; --yes applies without asking\n',
    });
    expect(unasked.stdout).toContain(
      '\n- pruned (version 1)\n0 to create, 3 to change, 1 to archive, 2 as they are\n',
    );
    expect((await prompts(folder, ['push', '--prune', '--yes'])).stdout).toBe(`${unasked.stdout}pushed\n`);
    expect((await gateway().ask('{ prompt(slug: "pruned") { id } }')).data.prompt).toBeNull();
  });

  it('are not written over unless forced, and come as a label has them', LONG, async () => {
    const moved = await makeFolder();
    await write(moved, {
      'support/summarize.yaml': SUMMARIZE,
      'old/greet.yaml': GREET,
      'partials/tone.liquid': TONE,
    });
    const kept = await prompts(moved, ['pull', '--label', 'staging']);
    expect(kept).toMatchObject({ code: 1, stdout: expect.stringContaining('2 prompts, 2 partials\n') });
    // What is in its place, and says what the label says, differs in nothing.
    expect(kept.stderr).toBe(
      'sluice: what differs was kept: prompts/old/greet.yaml; --force writes over it\n',
    );
    expect((await prompts(moved, ['pull', '--force'])).stdout).toBe(`wrote prompts/partials/tone.liquid
wrote prompts/greet.yaml
took away prompts/old/greet.yaml
wrote prompts/support/summarize.yaml
wrote prompts/unfiled.yaml
3 prompts, 2 partials
`);
    expect(await read(moved, 'support/summarize.yaml')).toContain('temperature: 0.5');
  });

  it('wait for somebody else where the label is protected', LONG, async () => {
    const folder = await makeFolder();
    await write(folder, CHANGED);
    await protect(gateway(), 'checked');
    const key = await makeKey(gateway(), { scopes: ['PROMPTS_WRITE', 'PROMPTS_PUBLISH'] });
    const { code, stdout } = await prompts(folder, ['push', '--label', 'checked', '--yes'], {
      SLUICE_KEY: key.secret,
    });
    expect(code).toBe(0);
    expect(stdout).toContain(
      '= greet (version 2)\n    label checked: version 2, when somebody else agrees\n',
    );
    expect(stdout).toMatch(/\ngreet: checked waits for somebody else, who decides on plr_\w+\n/);
    expect(await labelled(gateway(), 'greet', 'checked')).toBeUndefined();
  });
});

describe('what is wrong with them', () => {
  it('is told by file and line, all of it, before anything is sent', LONG, async () => {
    const folder = await makeFolder();
    await write(folder, {
      'a.yaml': 'model: demo/echo\nmesages: []\n',
      'b.yaml': 'messages:\n  - role: USR\n    template: Hi\nparams:\n  temperature: hot\n',
      'd.yaml': 'messages: [',
      'stray.liquid': 'Hi',
      'partials/in/deep.liquid': 'Hi',
      'e.yaml': GREET,
      'f/e.yml': GREET,
      '.hidden/a.yaml': 'nothing: []',
    });
    await writeFile(join(folder, 'prompts', 'partials', 'bytes.liquid'), new Uint8Array([0xff, 0xfe, 0x00]));
    const { code, stderr } = await prompts(folder, ['plan', '--check'], {
      SLUICE_URL: 'http://127.0.0.1:1/graphql',
    });
    expect(code).toBe(2);
    expect(stderr.split('\n').slice(0, -1)).toEqual([
      'sluice: the folder of prompts has 9 problems:',
      '  a.yaml messages is missing',
      expect.stringMatching(/^ {2}a\.yaml:2 mesages is not known; known here: description, model, /),
      '  b.yaml:5 params.temperature must be number',
      '  b.yaml:2 messages.0.role is "USR"; it must be one of SYSTEM, USER, ASSISTANT',
      expect.stringMatching(/^ {2}d\.yaml:1 /),
      '  f/e.yml is the prompt e, which stands in e.yaml',
      '  partials/bytes.liquid is no text in UTF-8',
      '  partials/in/deep.liquid must stand in partials/, as partials do',
      '  stray.liquid must stand in partials/, as partials do',
    ]);
  });

  it('is told by file and line where the gateway finds it', LONG, async () => {
    const folder = await makeFolder();
    await write(folder, {
      'Upper/Case.yaml': GREET,
      'lines.yaml':
        'model: demo/none\nmessages:\n  - role: USER\n    template: |\n      Fine\n      Hello {{ name\n',
      'one-line.yaml': 'messages:\n  - role: USER\n    template: Hello {{ name\n',
      'partials/tone.liquid': 'Fine\n\n{% if %}',
    });
    const { code, stdout, stderr } = await prompts(folder, ['plan', '--check']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.split('\n').slice(0, -1)).toEqual([
      'sluice: the folder of prompts has 6 problems:',
      expect.stringMatching(/^ {2}partials\/tone\.liquid:3 has a fault at line 3, column 6: /),
      expect.stringMatching(/^ {2}Upper\/Case\.yaml slug is "Case"; it must be /),
      expect.stringMatching(/^ {2}Upper\/Case\.yaml folder is "Upper"; it must be /),
      expect.stringMatching(/^ {2}lines\.yaml:6 messages\.0\.template has a fault at line 2, column 7: /),
      expect.stringMatching(/^ {2}lines\.yaml:1 model /),
      expect.stringMatching(/^ {2}one-line\.yaml:3 messages\.0\.template has a fault at line 1, column 7: /),
    ]);
  });

  it('is one line where there is nothing to say, or what was shown is over', LONG, async () => {
    const folder = await makeFolder();
    const told = async (args: string[], env?: Record<string, string>) =>
      (await prompts(folder, args, env)).stderr.replace(/^sluice: /, '').trimEnd();
    expect(await told(['plan', 'nowhere'])).toBe(
      'there is no prompt in nowhere; "prompts pull" writes those there are',
    );
    expect(await told(['pull', '--label', 'stagign'])).toBe('no prompt has the label stagign');
    expect(await told(['plan'], { SLUICE_KEY: '' })).toBe(
      'set SLUICE_KEY to a key with the scope PROMPTS_WRITE',
    );
    await write(folder, { 'greet.yaml': GREET });
    const { secret } = await makeKey(gateway(), { scopes: ['PROMPTS_WRITE'] });
    expect(await told(['push', '--yes', '--label', 'staging'], { SLUICE_KEY: secret })).toBe(
      'input.label needs the scope PROMPTS_PUBLISH, which you do not have',
    );
  });
});
