import type { Ask, PromptAsk } from '../domain/ask.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { ReadyVersion } from './book.ts';
import { toRecording } from './recording.ts';
import { checkVariables } from './variables.ts';

/**
 * The ask that a version makes of the variables that it was given.
 * @param records whether what it was given is to be kept.
 * @throws InvalidInput that names each variable that is unknown, missing or of the wrong type.
 */
export function renderAsk(version: ReadyVersion, draft: PromptAsk, records = false): Ask {
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
    promptUse: { promptId: version.promptId, versionId: version.id },
    ...(records && { recording: toRecording(version, variables, promptRef.variables) }),
  };
}
