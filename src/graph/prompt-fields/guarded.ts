import type { GraphQLFieldConfig } from 'graphql';
import { PROMPT_RULES } from '../../access/prompt-rules.ts';
import type { GraphContext } from '../context.ts';
import { guard, tellRefusals } from '../guard-fields.ts';

type Config<Source, Args> = GraphQLFieldConfig<Source, GraphContext, Args>;

/**
 * A field of a prompt, with the rule of who may ask for it before it.
 * @param group under which its rule stands, where that is not its type.
 * @throws Error for a field without a rule.
 */
export function guarded<Source, Args>(
  type: string,
  name: string,
  config: Config<Source, Args>,
  group = type,
): Config<Source, Args> {
  const what = `${type}.${name}`;
  const rule = PROMPT_RULES[what] ?? PROMPT_RULES[group];
  if (!rule) throw new Error(`${what} has no rule`);
  tellRefusals(config, what);
  guard(config, rule, what);
  return config;
}
