import type { PromptAsk } from '../domain/ask.ts';
import type { Principal } from '../domain/principal.ts';
import type { Trial, TrialMember } from '../domain/trial.ts';
import { chooseArm, stickyKeyOf } from '../trials/arms.ts';
import type { LabelledPrompt } from './rows.ts';

/** The tag by which callers say which conversation a request belongs to. */
const CONVERSATION_TAG = 'conversation';

/** The arm of an experiment that a request belongs to, and its version. */
export interface PromptMember extends TrialMember {
  version: number;
}

/** The arm of a request for a label; undefined where nothing is compared there. */
export function findMember(
  { experiments }: Pick<LabelledPrompt, 'experiments'>,
  who: Principal,
  draft: PromptAsk,
): PromptMember | undefined {
  const trial = experiments.get(draft.promptRef.label);
  if (!trial || !isOpen(trial) || who.background) return undefined;
  const { name, version } = chooseArm(trial, keyOf(trial, who, draft), Math.random);
  return version === undefined ? undefined : { trialId: trial.id, arm: name, version };
}

/** Whether its arms answer. */
function isOpen({ state, spec }: Trial): boolean {
  if (state === 'RUNNING') return true;
  return state === 'DECIDED' && spec.kind === 'PROMPT_EXPERIMENT' && spec.experiment.whenDecided === 'GO_ON';
}

function keyOf(
  trial: Trial,
  who: Principal,
  { endUserId = who.endUserId, tags }: PromptAsk,
): string | undefined {
  if (stickyKeyOf(trial) === 'END_USER') return endUserId;
  return tags.find(({ key }) => key === CONVERSATION_TAG)?.value;
}
