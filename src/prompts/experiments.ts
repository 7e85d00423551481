import { isDeepStrictEqual } from 'node:util';
import type { TransactionSql } from 'postgres';
import { Conflict, Forbidden, InvalidInput, NotFound, type InputIssue } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import { hasScope, type Principal } from '../domain/principal.ts';
import type { PromptSpec } from '../domain/prompt.ts';
import type { PromptExperimentSpec, Trial } from '../domain/trial.ts';
import { SYSTEM, appendAudit } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import type { Decision } from '../trials/judge.ts';
import { beginTrial } from '../trials/rows.ts';
import { checkRule } from '../trials/check-rule.ts';
import { isProtected } from './protect.ts';
import { ensurePrompt, findVersionsByNumber, readPrompts, subjectOf, type LabelledPrompt } from './rows.ts';
import { changePrompts, tellOfPrompt, type PromptStore } from './store.ts';
import { putLabel } from './write-label.ts';

const MAX_COUNT = 1_000_000;

/**
 * Compares versions on a label, in the place of what was compared there before. Requests that ask for the label get the
 * version of their arm.
 * @throws InvalidInput with every fault; NotFound for no such prompt or label; Conflict for versions that take other variables
 * or give another output than the label does, or that may not be published, and for a label that a winner may not take;
 * Forbidden on a protected label, unless by an admin.
 */
export async function setExperiment(
  store: PromptStore,
  who: Principal,
  { slug, ...spec }: PromptExperimentSpec & { slug: string },
  by: Origin,
): Promise<void> {
  const issues = checkSpec(spec).map(({ path, message }) => {
    const at = ['input', ...path];
    return { path: at, message: `${at.join('.')} ${message}` };
  });
  if (issues.length > 0) throw new InvalidInput(issues);
  const { organisationId } = who;
  await changePrompts(store, who, async (tx) => {
    const prompt = await ensurePrompt(tx, who, slug);
    await ensureAlike(tx, store, prompt, spec);
    await ensureMayCompare(tx, who, spec);
    const { before, subject } = about(prompt, spec.label);
    await beginTrial(tx, { organisationId, ...subject }, { kind: 'PROMPT_EXPERIMENT', experiment: spec });
    await tellOfPrompt(tx, who, {
      action: 'prompt.experiment',
      targetId: prompt.id,
      before,
      after: { slug, ...spec },
      by,
    });
  });
}

/**
 * Ends what is compared on a label; the label stands for what it stood for.
 * @throws NotFound for no such prompt; Conflict where nothing is compared.
 */
export async function stopExperiment(
  store: PromptStore,
  who: Principal,
  { slug, label }: { slug: string; label: string },
  by: Origin,
): Promise<void> {
  const { organisationId } = who;
  await changePrompts(store, who, async (tx) => {
    const prompt = await ensurePrompt(tx, who, slug);
    const { before, subject } = about(prompt, label);
    if (!before) throw new Conflict(`nothing is compared on the label ${JSON.stringify(label)} of ${slug}`);
    await beginTrial(tx, { organisationId, ...subject }, undefined);
    await tellOfPrompt(tx, who, { action: 'prompt.experiment', targetId: prompt.id, before, by });
  });
}

/** Lets the label stand for the version that has won, where the experiment says so and it may stand there. */
export async function promoteWinner(
  tx: TransactionSql,
  { checkPublishable }: Pick<PromptStore, 'checkPublishable'>,
  { organisationId, subjectId, spec, id }: Trial,
  { state, verdict }: Pick<Decision, 'state' | 'verdict'>,
): Promise<void> {
  if (spec.kind !== 'PROMPT_EXPERIMENT' || state !== 'DECIDED') return;
  const { arms, whenDecided, label } = spec.experiment;
  const winner = arms.find(({ name }) => name === verdict?.winner);
  if (whenDecided !== 'PROMOTE' || !winner) return;
  const promptId = subjectId.slice(0, subjectId.indexOf(':'));
  const [prompt] = await readPrompts(tx, organisationId, { ids: [promptId] });
  // Since it began, it may have become a matter of two people.
  if (!prompt || (await isProtected(tx, { organisationId }, label))) return;
  const [version] = await findVersionsByNumber(tx, organisationId, [{ promptId, number: winner.version }]);
  // So may it have come to take an evaluation.
  if (!version || !(await isPublishable(checkPublishable(tx, { prompt, label, version })))) return;
  const before = prompt.labels.get(label);
  await putLabel(tx, { organisationId, keyId: SYSTEM }, { promptId, label, version: winner.version });
  await appendEvent(tx, { kind: 'PROMPT_CHANGED', organisationId, subjectId: promptId });
  await appendAudit(tx, {
    organisationId,
    actorId: SYSTEM,
    action: 'prompt.label',
    targetId: promptId,
    before: before === undefined ? undefined : { label, version: before },
    after: { label, version: winner.version, trial: id },
    requestId: `trial ${id}`,
  });
}

async function isPublishable(checking: Promise<void>): Promise<boolean> {
  try {
    await checking;
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    throw error;
  }
}

function about({ id, slug, experiments }: LabelledPrompt, label: string) {
  const trial = experiments.get(label);
  return {
    subject: { id: subjectOf(id, label), name: `${slug} ${label}` },
    before: trial && { slug, trial: trial.id, state: trial.state, ...trial.verdict },
  };
}

/** Whoever asks for the label must not see which version answers, but by its answer. */
async function ensureAlike(
  tx: TransactionSql,
  store: PromptStore,
  prompt: LabelledPrompt,
  { label, arms }: PromptExperimentSpec,
): Promise<void> {
  const { id: promptId, organisationId, slug, labels } = prompt;
  const base = labels.get(label);
  if (base === undefined) throw new NotFound(`label of the prompt ${slug}`, label, ['input', 'label']);
  const numbers = new Set([base, ...arms.map(({ version }) => version)]);
  const keys = [...numbers].map((number) => ({ promptId, number }));
  const found = await findVersionsByNumber(tx, organisationId, keys);
  for (const version of found) await store.checkPublishable(tx, { prompt, label, version });
  const specs = new Map(found.map(({ number, spec }) => [number, shapeOf(spec)]));
  for (const [index, { version }] of arms.entries()) {
    const path = ['input', 'arms', String(index), 'version'];
    if (!specs.has(version)) throw new NotFound(`version of the prompt ${slug}`, String(version), path);
    if (!isDeepStrictEqual(specs.get(version), specs.get(base)))
      throw new Conflict(
        `${path.join('.')}: version ${version} takes other variables or gives another output than version ${base}, which ${label} stands for`,
        path,
      );
  }
}

/** The arms answer whoever asks for the label: that is as good as moving it, which takes two where it is protected. */
async function ensureMayCompare(
  tx: TransactionSql,
  who: Principal,
  { label, whenDecided }: PromptExperimentSpec,
): Promise<void> {
  if (!(await isProtected(tx, who, label))) return;
  // An admin could as well take the protection away.
  if (!hasScope(who, 'ADMIN'))
    throw new Forbidden(
      `input.label: the label ${label} is protected, and its arms would answer without anybody else agreeing; only an admin begins an experiment there`,
      ['input', 'label'],
    );
  if (whenDecided !== 'PROMOTE') return;
  throw new Conflict(
    `input.whenDecided: the label ${label} is protected and moves when two people agree; use STOP or GO_ON`,
    ['input', 'whenDecided'],
  );
}

function shapeOf({ variables, outputSchema, entity }: PromptSpec): unknown {
  return JSON.parse(JSON.stringify({ variables, outputSchema, entity }));
}

function checkSpec(spec: PromptExperimentSpec): InputIssue[] {
  const { arms, maxRequests, minRequests } = spec;
  const issues = checkRule(spec);
  for (const [index, { version }] of arms.entries()) {
    const first = arms.findIndex((other) => other.version === version);
    if (first < index)
      issues.push({ path: ['arms', String(index), 'version'], message: `repeats arms.${first}, ${version}` });
  }
  if (maxRequests !== undefined && !(maxRequests >= minRequests && maxRequests <= MAX_COUNT)) {
    const message = `is ${maxRequests}; it must be from minRequests, ${minRequests}, to ${MAX_COUNT}`;
    issues.push({ path: ['maxRequests'], message });
  }
  return issues;
}
