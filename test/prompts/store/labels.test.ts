import { beforeEach, describe, expect, it } from 'vitest';
import { makeKey, revoke, type MadeKey } from '../../access/support/keys.ts';
import { useGateway } from '../../support/gateway.ts';
import { createPrompt, createVersion, saying, setLabel } from '../support.ts';
import { act, auditOf, decideLabel, labelled, moveLabel, promptIdOf, protect, type Told } from './support.ts';

const gateway = useGateway();
const publisher = () =>
  makeKey(gateway(), { scopes: ['PROMPTS_PUBLISH', 'PROMPTS_WRITE', 'COMPLETIONS_WRITE'] });
let slug: string;
let count = 0;

beforeEach(async () => {
  slug = `prompt-${(count += 1)}`;
  for (const label of ['production', 'checked']) await protect(gateway(), label, false);
  await createPrompt(gateway(), { slug, version: saying('One') });
  for (const text of ['Two', 'Three']) await createVersion(gateway(), { slug, version: saying(text) });
});

const move = (version: number, key?: MadeKey, label = 'checked') =>
  moveLabel(gateway(), { slug, label, version }, key);
async function ask(version: number, key: MadeKey): Promise<Told> {
  const { labelRequest, errors } = await move(version, key);
  expect(errors).toEqual([]);
  return labelRequest!;
}
async function statusOf(id: string): Promise<string> {
  const { data } = await gateway().ask(
    'query ($id: ID!) { node(id: $id) { ... on PromptLabelRequest { status } } }',
    { id },
  );
  return data.node.status;
}

describe('a label', () => {
  it('moves at once, back and forth, and goes', async () => {
    for (const version of [1, 3, 2]) {
      expect(await move(version)).toEqual({ labelRequest: null, errors: [] });
      expect(await labelled(gateway(), slug, 'checked')).toBe(version);
    }
    expect(await moveLabel(gateway(), { slug, label: 'checked' })).toEqual({
      labelRequest: null,
      errors: [],
    });
    expect(await labelled(gateway(), slug, 'checked')).toBeUndefined();
    expect(await auditOf(gateway(), await promptIdOf(gateway(), slug))).toEqual([
      'prompt.create',
      'prompt.version',
      'prompt.version',
      'prompt.label',
      'prompt.label',
      'prompt.label',
      'prompt.unlabel',
    ]);
  });

  it('needs a name, a version, and a prompt that there are', async () => {
    const tried = async (input: object) => (await setLabel(gateway(), { slug, ...input })).errors;
    for (const label of ['', 'latest', 'Production', 'a b', '-x', 'x'.repeat(33)])
      expect(await tried({ label, version: 1 })).toMatchObject([
        { code: 'INVALID_INPUT', path: ['input', 'label'] },
      ]);
    const notFound = (path: string) => [{ code: 'NOT_FOUND', path: ['input', path] }];
    for (const version of [0, -1, 4, 2_147_483_647])
      expect(await tried({ label: 'staging', version })).toMatchObject(notFound('version'));
    expect(await tried({ slug: 'none', label: 'staging', version: 1 })).toMatchObject(notFound('slug'));
    expect((await moveLabel(gateway(), { slug, label: 'none' })).errors).toMatchObject(notFound('label'));
  });
});

describe('a protected label', () => {
  beforeEach(async () => {
    await move(1);
    await protect(gateway(), 'checked');
  });

  it('moves when somebody else agrees, and says who asked and who agreed', async () => {
    const [asks, agrees] = [await publisher(), await publisher()];
    const { labelRequest } = await moveLabel(
      gateway(),
      { slug, label: 'checked', version: 2, note: 'shorter answers' },
      asks,
    );
    expect(labelRequest).toMatchObject({
      label: 'checked',
      version: { number: 2 },
      status: 'PENDING',
      requesterId: asks.id,
      note: 'shorter answers',
    });
    expect(await labelled(gateway(), slug, 'checked')).toBe(1);
    const { id } = labelRequest!;
    expect(await decideLabel(gateway(), { id, approve: true, note: 'fine' }, agrees)).toEqual({
      labelRequest: expect.objectContaining({
        status: 'APPROVED',
        deciderId: agrees.id,
        decisionNote: 'fine',
      }),
      errors: [],
    });
    expect(await labelled(gateway(), slug, 'checked')).toBe(2);
    expect((await decideLabel(gateway(), { id, approve: true }, agrees)).errors).toMatchObject([
      { code: 'CONFLICT', message: 'the request is APPROVED already' },
    ]);
    expect((await auditOf(gateway(), await promptIdOf(gateway(), slug))).slice(-2)).toEqual([
      'prompt.labelRequest',
      'prompt.label',
    ]);
  });

  it('stays where it is when somebody else does not', async () => {
    const { id } = await ask(2, await publisher());
    const { labelRequest } = await decideLabel(gateway(), { id, approve: false }, await publisher());
    expect(labelRequest?.status).toBe('DENIED');
    expect(await labelled(gateway(), slug, 'checked')).toBe(1);
  });

  it('is not moved, taken away or brought back on the side', async () => {
    const { labelRequest } = await moveLabel(gateway(), { slug, label: 'checked' }, await publisher());
    expect(labelRequest).toMatchObject({ version: null, status: 'PENDING' });
    const archive = 'mutation ($slug: String!) { promptArchive(slug: $slug) { errors { code message } } }';
    expect(await act(gateway(), archive, { slug })).toMatchObject({
      errors: [{ code: 'CONFLICT', message: expect.stringContaining('the protected label checked') }],
    });
    const { errors } = await decideLabel(
      gateway(),
      { id: labelRequest!.id, approve: true },
      await publisher(),
    );
    expect(errors).toEqual([]);
    expect(await labelled(gateway(), slug, 'checked')).toBeUndefined();
    // Archived without it, and brought back with a label that has been protected in between.
    await move(3, undefined, 'production');
    expect((await act(gateway(), archive, { slug })).errors).toEqual([]);
    await protect(gateway(), 'production');
    const restore = `mutation ($slug: String!) {
      promptRestore(slug: $slug) { prompt { labels { name } } errors { code } }
    }`;
    expect(await act(gateway(), restore, { slug })).toEqual({ prompt: { labels: [] }, errors: [] });
  });

  it('asked for anew, it is no more what was asked for before', async () => {
    const asks = await publisher();
    const first = await ask(2, asks);
    const second = await ask(3, await publisher());
    expect(await statusOf(first.id)).toBe('CANCELLED');
    const agrees = await publisher();
    expect((await decideLabel(gateway(), { id: first.id, approve: true }, agrees)).errors).toMatchObject([
      { code: 'CONFLICT' },
    ]);
    expect(await labelled(gateway(), slug, 'checked')).toBe(1);
    await protect(gateway(), 'checked', false);
    expect(await statusOf(second.id)).toBe('CANCELLED');
  });

  it('lapses undecided after 30 days', async () => {
    const { id } = await ask(2, await publisher());
    const { sql } = gateway().gateway.database;
    await sql`UPDATE prompt_label_requests SET lapses_at = now() - interval '1 second' WHERE id = ${id}`;
    expect(await statusOf(id)).toBe('EXPIRED');
    const { data } = await gateway().ask('{ promptLabelRequests(status: PENDING) { totalCount } }');
    expect(data.promptLabelRequests.totalCount).toBe(0);
    expect((await decideLabel(gateway(), { id, approve: true }, await publisher())).errors).toMatchObject([
      { code: 'CONFLICT', message: 'the request is EXPIRED already' },
    ]);
    expect((await ask(3, await publisher())).status).toBe('PENDING');
    expect(await statusOf(id)).toBe('EXPIRED');
  });

  it('can be called off by who asked, and by nobody else', async () => {
    const asks = await publisher();
    const { id } = await ask(2, asks);
    const cancel = `mutation ($id: ID!) {
      promptLabelRequestCancel(id: $id) { labelRequest { status } errors { code } }
    }`;
    expect(await act(gateway(), cancel, { id })).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] });
    expect(await act(gateway(), cancel, { id, key: asks })).toEqual({
      labelRequest: { status: 'CANCELLED' },
      errors: [],
    });
  });

  it('of several who decide at once, one does', async () => {
    const { id } = await ask(2, await publisher());
    const deciders = [await publisher(), await publisher(), await publisher()];
    const answers = await Promise.all(
      deciders.map((key, at) => decideLabel(gateway(), { id, approve: at > 0 }, key)),
    );
    expect(answers.filter(({ errors }) => errors.length === 0).length).toBe(1);
    expect(answers.flatMap(({ errors }) => errors.map(({ code }) => code))).toEqual(['CONFLICT', 'CONFLICT']);
  });
});

describe('nobody agrees with themselves', () => {
  beforeEach(async () => {
    await move(1);
    await protect(gateway(), 'checked');
  });
  const made = (by: MadeKey) =>
    act(
      gateway(),
      'mutation { keyCreate(input: { name: "another hand", scopes: [PROMPTS_PUBLISH] }) { key { id } secret } }',
      { key: by },
    ).then(({ key, secret }): MadeKey => ({ id: key.id, secret }));
  const maker = () => makeKey(gateway(), { scopes: ['PROMPTS_PUBLISH', 'KEYS_WRITE'] });
  /** What the second is told who agrees with the first, and where the label stands then. */
  async function agreeing(asks: MadeKey, agrees: MadeKey | undefined) {
    const { id } = await ask(2, asks);
    const { errors } = await decideLabel(gateway(), { id, approve: true }, agrees);
    const at = await labelled(gateway(), slug, 'checked');
    return { code: errors[0]?.code, at, status: await statusOf(id) };
  }
  const refused = { code: 'FORBIDDEN', at: 1, status: 'PENDING' };

  it('not under the same key', async () => {
    const asks = await publisher();
    expect(await agreeing(asks, asks)).toEqual(refused);
  });

  it('not under a key that one has made, nor for one', async () => {
    const one = await maker();
    const puppet = await made(one);
    expect(await agreeing(one, puppet)).toEqual(refused);
    expect(await agreeing(puppet, one)).toEqual(refused);
    expect(await agreeing(await made(one), puppet)).toEqual(refused);
  });

  it('not an admin for a key that the admin has made', async () => {
    expect(await agreeing(await publisher(), undefined)).toEqual(refused);
  });

  it('not under a key of another that one has given a new secret', async () => {
    const [one, other] = [await maker(), await publisher()];
    const rotate = 'mutation ($id: ID!) { keyRotate(id: $id) { secret errors { message } } }';
    // It may do no more than the one who takes it.
    const lesser = await makeKey(gateway(), { scopes: ['PROMPTS_PUBLISH'] });
    expect((await act(gateway(), rotate, { id: other.id, key: one })).errors.length).toBe(1);
    const { secret } = await act(gateway(), rotate, { id: lesser.id, key: one });
    expect(await agreeing(one, { id: lesser.id, secret })).toEqual(refused);
  });

  it('nor for a key that is revoked by now', async () => {
    const asks = await publisher();
    const { id } = await ask(2, asks);
    await revoke(gateway(), asks);
    expect((await decideLabel(gateway(), { id, approve: true }, await publisher())).errors).toMatchObject([
      { code: 'CONFLICT', message: expect.stringContaining('is revoked or disabled') },
    ]);
    expect((await decideLabel(gateway(), { id, approve: false }, await publisher())).errors).toEqual([]);
  });

  it('and what may publish may not protect', async () => {
    const key = await publisher();
    const unprotect =
      'mutation { promptLabelProtect(label: "checked", protected: false) { labels errors { code } } }';
    const { topLevel } = await act(gateway(), unprotect, { key });
    expect(topLevel[0].extensions.code).toBe('FORBIDDEN');
    const { data } = await gateway().ask('{ promptProtectedLabels }', {}, { key: key.secret });
    expect(data.promptProtectedLabels).toEqual(['checked']);
  });
});
