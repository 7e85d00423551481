import type { ISql, TransactionSql } from 'postgres';
import { Conflict, NotFound } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { fieldNameOf, PRODUCTION, type PromptSpec, type PromptVersion } from '../domain/prompt.ts';
import { newId } from '../lib/ids.ts';
import type { PromptPlace } from './check-prompt.ts';
import { diffSpecs, type PromptChange } from './diff.ts';
import type { PromptEdit, WantedPrompt } from './edit.ts';
import { findVersionsByNumber, readPrompts, type LabelledPrompt } from './rows.ts';
import type { PromptStore } from './store.ts';

/** All of an organisation are kept in memory, by their slugs and labels. */
const PROMPTS_MAX = 10_000;

/** A prompt as it is wanted, with a version that is checked. */
export interface ReadyPrompt {
  wanted: WantedPrompt;
  spec: PromptSpec;
}

/**
 * What becomes of prompts, without their labels.
 * @throws NotFound for the next version of one that is not there; Conflict for a slug, or the field that it gives, that is
 * taken.
 */
export async function decidePrompts(
  sql: ISql,
  who: Principal,
  ready: readonly ReadyPrompt[],
): Promise<PromptEdit[]> {
  const { organisationId } = who;
  const known = await readNamed(sql, organisationId, ready);
  const isNew = ({ wanted }: ReadyPrompt) => !known.has(wanted.slug) && wanted.how !== 'NEXT';
  // Fields of new ones must differ from those of all.
  const taken = ready.some(isNew) ? await readPrompts(sql, organisationId) : [...known.values()];
  const keys = [...known.values()].map(({ id, version }) => ({ promptId: id, number: version }));
  const newest = new Map(
    (await findVersionsByNumber(sql, organisationId, keys)).map((version) => [version.promptId, version]),
  );
  return ready.map((each) => {
    const { wanted } = each;
    const prompt = known.get(wanted.slug);
    if (prompt && wanted.how !== 'NEW') {
      ensureLiving(prompt, wanted);
      return toEdit(who, each, { prompt, newest: newest.get(prompt.id) });
    }
    if (wanted.how === 'NEXT') throw new NotFound('prompt', wanted.slug, [...wanted.at, 'slug']);
    ensureFree(wanted, taken);
    const begun = toPrompt(organisationId, wanted);
    taken.push(begun);
    return toEdit(who, each, { prompt: begun, newest: undefined });
  });
}

async function readNamed(
  sql: ISql,
  organisationId: string,
  ready: readonly ReadyPrompt[],
): Promise<Map<string, LabelledPrompt>> {
  const slugs = ready.map(({ wanted }) => wanted.slug);
  const found = await readPrompts(sql, organisationId, { slugs });
  return new Map(found.map((prompt) => [prompt.slug, prompt]));
}

/** @throws NotFound, Conflict. */
function ensureLiving({ archivedAt }: LabelledPrompt, { slug, at, how }: WantedPrompt): void {
  if (!archivedAt) return;
  const path = [...at, 'slug'];
  if (how === 'NEXT') throw new NotFound('prompt', slug, path);
  throw new Conflict(`the prompt ${slug} is archived; bring it back by promptRestore first`, path);
}

/** Archived ones keep theirs: what was recorded of them names them. @throws Conflict. */
function ensureFree({ slug, at }: WantedPrompt, prompts: readonly LabelledPrompt[]): void {
  const path = [...at, 'slug'];
  if (prompts.length >= PROMPTS_MAX)
    throw new Conflict(`an organisation has at most ${PROMPTS_MAX} prompts, archived ones among them`, path);
  if (prompts.some((prompt) => prompt.slug === slug))
    throw new Conflict(`there is a prompt ${slug} already`, path);
  const field = fieldNameOf(slug);
  const other = prompts.find((prompt) => fieldNameOf(prompt.slug).toLowerCase() === field.toLowerCase());
  if (other)
    throw new Conflict(
      `the prompt ${other.slug} gives the field ${fieldNameOf(other.slug)}, too near to ${field}; take another slug`,
      path,
    );
}

function toPrompt(organisationId: string, { slug, place }: WantedPrompt): LabelledPrompt {
  return {
    id: newId('prm'),
    organisationId,
    slug,
    folder: place?.folder ?? '',
    description: place?.description,
    version: 0,
    createdAt: new Date(),
    archivedAt: undefined,
    labels: new Map(),
    experiments: new Map(),
  };
}

function toEdit(
  { keyId }: Principal,
  { wanted, spec }: ReadyPrompt,
  { prompt, newest }: { prompt: LabelledPrompt; newest: PromptVersion | undefined },
): PromptEdit {
  const { version } = prompt;
  const said = diffSpecs(newest?.spec, spec);
  const place = wanted.place && !isSamePlace(prompt, wanted.place) ? wanted.place : undefined;
  const before = version === 0 ? undefined : prompt;
  const changes = [...diffPlace(before, wanted.place ?? prompt), ...said];
  const isNext = version === 0 || wanted.how !== 'SAYING' || said.length > 0;
  const changed = isNext || place ? 'CHANGED' : 'UNCHANGED';
  return {
    action: version === 0 ? 'CREATED' : changed,
    version,
    changes,
    prompt,
    next: isNext ? toVersion(prompt, { spec, note: wanted.note, createdBy: keyId }) : undefined,
    place,
    move: undefined,
  };
}

function toVersion(
  { id: promptId, version }: LabelledPrompt,
  said: Pick<PromptVersion, 'spec' | 'note' | 'createdBy'>,
): PromptVersion {
  return { id: newId('prmv'), promptId, number: version + 1, createdAt: new Date(), ...said };
}

function diffPlace(before: PromptPlace | undefined, after: PromptPlace): PromptChange[] {
  const empty = { folder: '', description: undefined };
  return (['folder', 'description'] as const)
    .filter((member) => (before ?? empty)[member] !== after[member])
    .map((member) => ({
      kind: 'SETTING_CHANGED',
      path: [member],
      before: before?.[member],
      after: after[member],
    }));
}

export function isSamePlace(one: PromptPlace, other: PromptPlace): boolean {
  return one.folder === other.folder && one.description === other.description;
}

/**
 * @param protectedLabels of the organisation.
 * @throws Conflict while one of them stands for a version of it, or what uses its field would break.
 */
export async function ensureMayArchive(
  tx: TransactionSql,
  store: Pick<PromptStore, 'checkPublishable'>,
  prompt: LabelledPrompt,
  { protectedLabels, at }: { protectedLabels: readonly string[]; at?: string[] },
): Promise<void> {
  const { slug, labels } = prompt;
  const held = protectedLabels.filter((label) => labels.has(label));
  if (held.length > 0)
    throw new Conflict(
      `the protected label ${held.join(', ')} stands for a version of ${slug}; have it taken away first, by promptLabelDelete`,
      at,
    );
  if (labels.has(PRODUCTION))
    await store.checkPublishable(tx, { prompt, label: PRODUCTION, version: undefined });
}
