import { NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { askToMove } from './label-requests.ts';
import { isProtected } from './protect.ts';
import { ensurePrompt } from './rows.ts';
import { changePrompts, type PromptStore } from './store.ts';
import { ensureLabel, ensureVersion, writeLabel, type LabelMove } from './write-label.ts';

/** Which label of which prompt is to stand for which version. */
export interface WantedLabel {
  slug: string;
  label: string;
  version: number;
  /** Why; for whoever decides on it. */
  note?: string | undefined;
}

/** What became of a wish: it is done, unless there is a request that somebody else is to decide on. */
export interface LabelOutcome {
  requestId: string | undefined;
}

/**
 * Lets a label stand for a version: publishing and rolling back alike. Completions that have begun keep the version they
 * began with. A protected label moves when somebody else agrees.
 * @throws InvalidInput for what cannot be a label, and for what cannot be published; NotFound for no such prompt or version.
 */
export async function setLabel(
  store: PromptStore,
  who: Principal,
  { slug, label, version: number, note }: WantedLabel,
  by: Origin,
): Promise<LabelOutcome> {
  ensureLabel(label);
  return changePrompts(store, who, async (tx) => {
    const prompt = await ensurePrompt(tx, who, slug);
    const version = await ensureVersion(tx, prompt, number);
    if (prompt.labels.get(label) === number) return { requestId: undefined };
    await store.checkPublishable(tx, { prompt, label, version });
    return moveOrAsk(tx, who, { prompt, label, version: number }, { note, by });
  });
}

/**
 * Takes a label away: nothing is served under it any more. A protected one goes when somebody else agrees.
 * @throws NotFound for no such prompt or label; Conflict where others need it.
 */
export async function deleteLabel(
  store: PromptStore,
  who: Principal,
  { slug, label, note }: Omit<WantedLabel, 'version'>,
  by: Origin,
): Promise<LabelOutcome> {
  return changePrompts(store, who, async (tx) => {
    const prompt = await ensurePrompt(tx, who, slug);
    if (!prompt.labels.has(label))
      throw new NotFound(`label of the prompt ${slug}`, label, ['input', 'label']);
    await store.checkPublishable(tx, { prompt, label, version: undefined });
    return moveOrAsk(tx, who, { prompt, label, version: undefined }, { note, by });
  });
}

/** The last of a transaction. */
export async function moveOrAsk(
  tx: Parameters<typeof writeLabel>[0],
  who: Principal,
  move: LabelMove,
  { note, by }: { note: string | undefined; by: Origin },
): Promise<LabelOutcome> {
  if (await isProtected(tx, who, move.label))
    return { requestId: await askToMove(tx, who, move, { note, by }) };
  await writeLabel(tx, who, move, { by });
  return { requestId: undefined };
}
