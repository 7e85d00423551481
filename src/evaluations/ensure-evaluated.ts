import { isDeepStrictEqual } from 'node:util';
import type { TransactionSql } from 'postgres';
import { Conflict } from '../domain/errors.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { Publishing } from '../prompts/store.ts';
import { readEvaluations } from './evaluation-rows.ts';
import { listRequirements, type LabelRequirement } from './requirements.ts';
import { readDatasets, type StoredDataset } from './rows.ts';

/** More are not looked through. */
const LOOKED_AT = 200;

/**
 * A version may stand behind a label only where it has passed all that is asked for there: as it is, with all cases of the
 * dataset as it is now. Where that cannot be seen it may not.
 * @throws Conflict, which says what is missing.
 */
export async function ensureEvaluated(
  tx: TransactionSql,
  { prompt, label, version }: Publishing,
): Promise<void> {
  // A label that goes away promises nothing.
  if (!version) return;
  const { organisationId, id: promptId } = prompt;
  const required = await listRequirements(tx, organisationId, { label, promptIds: ['', promptId] });
  if (required.length === 0) return;
  const where = { promptId, promptVersion: version.number };
  const evaluations = await readEvaluations(tx, organisationId, where, { first: LOOKED_AT });
  const ids = [...new Set([...evaluations, ...required].flatMap(({ datasetId }) => datasetId ?? []))];
  const datasets = new Map((await readDatasets(tx, organisationId, { ids })).map((each) => [each.id, each]));
  const mayChooseModel = version.spec.model === undefined;
  const faults = required.flatMap((requirement) => {
    const candidates = evaluations.filter(
      ({ datasetId }) => requirement.datasetId === undefined || datasetId === requirement.datasetId,
    );
    const shortfalls = candidates.map((each) => findShortfall(each, requirement, datasets, mayChooseModel));
    if (shortfalls.includes(undefined)) return [];
    const last = candidates[0] && `; the last one, ${candidates[0].id}, ${shortfalls[0]}`;
    return [`${describe(requirement, datasets)}${last ?? '; there is none'}`];
  });
  if (faults.length === 0) return;
  throw new Conflict(
    `the label ${label} is not for version ${version.number} of ${prompt.slug} yet: it takes ${faults.join(', and it takes ')}`,
  );
}

type Datasets = ReadonlyMap<string, StoredDataset>;

function describe({ datasetId, minPassRate, graders }: LabelRequirement, datasets: Datasets): string {
  const dataset = datasetId === undefined ? undefined : datasets.get(datasetId);
  const which =
    datasetId === undefined
      ? 'a dataset'
      : dataset
        ? `version ${dataset.version} of the dataset ${dataset.name}`
        : 'a dataset that is gone';
  const by = graders ? ` by ${graders.map(({ name }) => name).join(', ')}` : '';
  return `an evaluation on all of ${which} that has passed${by} with at least ${Math.round(minPassRate * 1_000) / 10} %`;
}

/** @returns why an evaluation does not do; undefined where it does. */
function findShortfall(
  { status, counts, sample, model, graders, datasetId, datasetVersion }: Evaluation,
  requirement: LabelRequirement,
  datasets: Datasets,
  mayChooseModel: boolean,
): string | undefined {
  const dataset = datasets.get(datasetId);
  if (!dataset) return 'was of a dataset that is gone';
  if (dataset.version !== datasetVersion)
    return `was of version ${datasetVersion} of the dataset ${dataset.name}`;
  if (sample !== undefined) return `was of ${sample} of the cases only`;
  if (model !== undefined && !mayChooseModel) return `was of another model, ${model}`;
  if (requirement.graders && !isDeepStrictEqual(graders, requirement.graders)) return 'had other graders';
  const passed = `${counts.passed} of ${counts.total} cases passed`;
  if (status !== 'PASSED') return `is ${status}, with ${passed}`;
  return counts.passed / counts.total >= requirement.minPassRate ? undefined : `had ${passed}`;
}
