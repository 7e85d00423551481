import type { Ask, PromptAsk } from '../domain/ask.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { PromptRef } from '../domain/prompt.ts';
import type { PromptBook, ReadyVersion } from './book.ts';
import { findMember, type PromptMember } from './experiment-arm.ts';
import { toRecording } from './recording.ts';
import type { LabelledPrompt } from './rows.ts';
import { checkVariables } from './variables.ts';

/**
 * The ask that the prompt makes of a draft, by the one version that is fixed here: that of its number, or else of its
 * label, or of the arm of an experiment on that label.
 * @throws NotFound; InvalidInput that names each variable that is unknown, missing or of the wrong type.
 */
export async function renderPrompt(book: PromptBook, who: Principal, draft: PromptAsk): Promise<Ask> {
  const { organisationId } = who;
  const { promptRef } = draft;
  const prompt = (await book.list(organisationId)).get(promptRef.slug);
  const member = prompt && isOfLabel(prompt, promptRef) ? findMember(prompt, who, draft) : undefined;
  const version = member?.version ?? promptRef.version;
  const records = who.recordsPrompts === true && promptRef.record !== false;
  return renderAsk(await book.ensure(organisationId, { ...promptRef, version }), draft, { member, records });
}

/** A typed field names the version that its label stood for when the graph was made; all that compete there look alike. */
function isOfLabel({ labels }: LabelledPrompt, { label, version, isPinned }: PromptRef): boolean {
  return version === undefined || (isPinned === true && labels.get(label) === version);
}

/**
 * The ask that a version makes of the variables that it was given.
 * @param options.member of an experiment; `records`: what it was given is to be kept.
 * @throws InvalidInput that names each variable that is unknown, missing or of the wrong type.
 */
function renderAsk(
  version: ReadyVersion,
  draft: PromptAsk,
  { member, records }: { member: PromptMember | undefined; records: boolean },
): Ask {
  const { promptRef, model, params, ...rest } = draft;
  const { spec, compiled } = version;
  const at = ['input', 'source', 'prompt', 'variables'];
  const named = model ?? spec.model;
  if (named === undefined) {
    const message = `input.model is missing, and the prompt ${promptRef.slug} names none; name one as "provider/model"`;
    throw new InvalidInput([{ path: ['input', 'model'], message }]);
  }
  const variables = checkVariables(spec.variables, promptRef.variables, at);
  return {
    ...rest,
    model: named,
    messages: compiled.render(variables),
    tools: spec.tools,
    outputSchema: spec.outputSchema,
    params: { ...spec.params, ...params },
    promptUse: {
      promptId: version.promptId,
      versionId: version.id,
      trial: member && { trialId: member.trialId, arm: member.arm },
    },
    ...(records && { recording: toRecording(version, variables, promptRef.variables) }),
  };
}
