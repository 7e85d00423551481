import { describe, expect, it } from 'vitest';
import { useConfigDirectory } from './config-directory.ts';

const { load, problemsOf } = useConfigDirectory();
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const variables = {
  HOOK: SECRET,
  NO_PREFIX: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  SHORT: 'whsec_aHVudGVyMg==',
  LONG: `whsec_${Buffer.alloc(65, 7).toString('base64')}`,
  NO_BASE64: 'whsec_hunter2hunter2hunter2hunter2!!!!',
};

const webhook = (changes = '') =>
  `webhooks:\n  - { name: ops, url: "https://ops.example.com/hook", secret: "\${HOOK}"${changes} }\n`;

describe('webhooks', () => {
  it('are told of everything unless said otherwise, and have their secret by reference', () => {
    const all = [
      'BUDGET_THRESHOLD',
      'BUDGET_EXCEEDED',
      'ANOMALY',
      'MODEL_SUNSET',
      'CANARY_ROLLED_BACK',
      'CANARY_PROMOTED',
      'EXPERIMENT_DECIDED',
    ];
    expect(load(variables, webhook()).webhooks).toEqual([
      { name: 'ops', url: 'https://ops.example.com/hook', secret: SECRET, events: all },
    ]);
    expect(load(variables, webhook(', events: [ANOMALY]')).webhooks[0]?.events).toEqual(['ANOMALY']);
    expect(load({}, '').webhooks).toEqual([]);
  });

  it.each([
    ['a literal secret', 'secret: whsec_hunter2', 'secret must be a reference such as'],
    [
      'a variable that is not set',
      'secret: "${NOWHERE}"',
      'refers to the variable NOWHERE, which is not set',
    ],
    ['a secret without its prefix', 'secret: "${NO_PREFIX}"', 'secret is no signing secret'],
    ['a short secret', 'secret: "${SHORT}"', 'secret is no signing secret'],
    ['a long secret', 'secret: "${LONG}"', 'secret is no signing secret'],
    ['a secret that is no base64', 'secret: "${NO_BASE64}"', 'secret is no signing secret'],
    ['no URL', 'url: ftp://x', 'url must be a URL that begins with http:// or https://'],
    ['a password in the URL', 'url: "https://me:hunter2@x"', 'url holds a user or a password'],
    ['a strange name', 'name: "My Hook"', 'name is no name of a webhook'],
    ['an unknown event', 'events: [MONEY]', 'events.0 is "MONEY"; it must be one of'],
    ['no event', 'events: []', 'events is empty'],
    ['an unknown member', 'sceret: x', 'sceret is not known; known here: name, url, secret, events'],
  ])('with %s are refused, and no message shows a secret', (_, member, problem) => {
    const [name = ''] = member.split(':');
    const whole: Record<string, string> = { name: 'ops', url: 'https://x.example.com', secret: '"${HOOK}"' };
    const rest = Object.entries(whole).filter(([key]) => key !== name);
    const members = [...rest.map(([key, value]) => `${key}: ${value}`), member];
    const problems = problemsOf(variables, `webhooks:\n  - { ${members.join(', ')} }\n`);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join()).not.toMatch(/hunter2|MfKQ9|aHVudGVyMg/);
  });

  it('have names that differ', () => {
    const twice = webhook() + webhook().split('\n')[1];
    expect(problemsOf(variables, twice)).toEqual([
      expect.stringContaining('webhooks.1.name repeats the name "ops"'),
    ]);
  });
});
