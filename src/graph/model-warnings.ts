import type { Completion } from '../domain/completion.ts';
import { warnOf } from '../domain/lifecycle.ts';
import type { GraphContext } from './context.ts';

/** Something that whoever asked should act on, in `extensions.warnings` of the answer. */
export interface Warning {
  message: string;
  code: 'MODEL_DEPRECATED';
  model: string;
  sunsetAt: string | null;
  replacement: string | null;
}

/** Tells in the answer of an operation which of the models that a completion asked for, or was answered by, come to their end. */
export function warnOfModels({ gateway, who, warnings }: GraphContext, completion: Completion): void {
  const { book } = gateway.modelSetting;
  const asked = book.findAlias(who.organisationId, completion.requestedModel) ?? completion.requestedModel;
  const called = completion.outcome?.attempts.map(({ model }) => model) ?? [];
  for (const name of new Set([asked, completion.model, ...called])) {
    const model = gateway.catalog.findModel(name);
    const standing = model && book.standingOf(model, who.organisationId, new Date());
    const message = standing && warnOf(standing);
    if (message === undefined || warnings.some((known) => known.model === name)) continue;
    const { sunsetAt, replacement = null } = standing!;
    warnings.push({
      message,
      code: 'MODEL_DEPRECATED',
      model: name,
      sunsetAt: sunsetAt?.toISOString() ?? null,
      replacement,
    });
  }
}
