import { InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { LATEST } from '../domain/prompt.ts';
import { ensurePrompt } from './create.ts';
import { findPromptVersion } from './rows.ts';
import { changePrompts, tellOfPrompt, type PromptStore } from './store.ts';

const LABEL = /^[a-z][a-z0-9-]{0,31}$/;

/** Which label of which prompt is to stand for which version. */
export interface WantedLabel {
  slug: string;
  label: string;
  version: number;
}

/**
 * Lets a label stand for a version: publishing and rolling back alike. Completions that have begun keep the version they
 * began with.
 * @throws InvalidInput for what cannot be a label; NotFound for no such prompt or version.
 */
export async function setLabel(
  store: PromptStore,
  who: Principal,
  { slug, label, version }: WantedLabel,
  by: Origin,
): Promise<string> {
  ensureLabel(label);
  const { organisationId, keyId } = who;
  return changePrompts(store, who, async (tx) => {
    const prompt = await ensurePrompt(tx, who, slug);
    const found = await findPromptVersion(tx, organisationId, { promptId: prompt.id, number: version });
    if (!found) throw new NotFound(`version of the prompt ${slug}`, String(version), ['input', 'version']);
    const before = prompt.labels.get(label);
    if (before === version) return slug;
    await store.checkPublishable(tx, { prompt, label, version: found });
    await tx`
      INSERT INTO prompt_labels (prompt_id, name, organisation_id, version, set_by, set_at)
      VALUES (${prompt.id}, ${label}, ${organisationId}, ${version}::int, ${keyId}, now())
      ON CONFLICT (prompt_id, name) DO UPDATE
        SET version = excluded.version, set_by = excluded.set_by, set_at = excluded.set_at`;
    await tellOfPrompt(tx, who, {
      action: 'prompt.label',
      targetId: prompt.id,
      before: before === undefined ? undefined : { slug, label, version: before },
      after: { slug, label, version },
      by,
    });
    return slug;
  });
}

function ensureLabel(label: string): void {
  if (label !== LATEST && LABEL.test(label)) return;
  const message = `input.label is ${JSON.stringify(label.slice(0, 100))}; it must be 1 to 32 characters of a-z, 0-9 and -, such as "production", and not "${LATEST}", which is always the newest version`;
  throw new InvalidInput([{ path: ['input', 'label'], message }]);
}
