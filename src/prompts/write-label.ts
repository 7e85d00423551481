import type { TransactionSql } from 'postgres';
import { InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { LATEST, type PromptVersion } from '../domain/prompt.ts';
import { findPromptVersion, type LabelledPrompt } from './rows.ts';
import { tellOfPrompt } from './store.ts';

const LABEL = /^[a-z][a-z0-9-]{0,31}$/;

/** Where a label of a prompt is to stand. */
export interface LabelMove {
  prompt: LabelledPrompt;
  label: string;
  /** Undefined: nowhere, the label is taken away. */
  version: number | undefined;
}

/** The last of a transaction. */
export async function writeLabel(
  tx: TransactionSql,
  who: Principal,
  { prompt, label, version }: LabelMove,
  { by, requestId }: { by: Origin; requestId?: string },
): Promise<void> {
  const { id, slug } = prompt;
  if (version === undefined) await tx`DELETE FROM prompt_labels WHERE prompt_id = ${id} AND name = ${label}`;
  else
    await tx`
      INSERT INTO prompt_labels (prompt_id, name, organisation_id, version, set_by, set_at)
      VALUES (${id}, ${label}, ${who.organisationId}, ${version}::int, ${who.keyId}, now())
      ON CONFLICT (prompt_id, name) DO UPDATE
        SET version = excluded.version, set_by = excluded.set_by, set_at = excluded.set_at`;
  const before = prompt.labels.get(label);
  const approval = requestId === undefined ? {} : { labelRequest: requestId };
  await tellOfPrompt(tx, who, {
    action: version === undefined ? 'prompt.unlabel' : 'prompt.label',
    targetId: id,
    before: before === undefined ? undefined : { slug, label, version: before },
    after: version === undefined ? undefined : { slug, label, version, ...approval },
    by,
  });
}

/** @throws NotFound. */
export async function ensureVersion(
  tx: TransactionSql,
  { organisationId, id, slug }: LabelledPrompt,
  number: number,
): Promise<PromptVersion> {
  const found = await findPromptVersion(tx, organisationId, { promptId: id, number });
  if (!found) throw new NotFound(`version of the prompt ${slug}`, String(number), ['input', 'version']);
  return found;
}

/** @throws InvalidInput. */
export function ensureLabel(label: string, at: string[] = ['input', 'label']): void {
  if (label !== LATEST && LABEL.test(label)) return;
  const message = `${at.join('.')} is ${JSON.stringify(label.slice(0, 100))}; it must be 1 to 32 characters of a-z, 0-9 and -, such as "production", and not "${LATEST}", which is always the newest version`;
  throw new InvalidInput([{ path: at, message }]);
}
