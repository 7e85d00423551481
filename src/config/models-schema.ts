import { z } from 'zod';
import { SUNSET_ACTIONS } from '../domain/lifecycle.ts';
import { choice, mapOf, quote, wholeNumber } from './rules.ts';

const name = z.string().regex(/^[a-z0-9-]+\/\S{1,256}$/, {
  error: (issue) => `is ${quote(issue.input)}; it must be "provider/model"`,
});
const date = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: (issue) => `is ${quote(issue.input)}; it must be a date such as "2026-06-01"`,
  })
  .transform((text) => new Date(text));

const lifecycle = mapOf({
  deprecatedAt: date.optional(),
  sunsetAt: date.optional(),
  replacement: name.optional(),
  afterSunset: choice(SUNSET_ACTIONS).default('PASS'),
})
  .transform(({ deprecatedAt, sunsetAt, replacement, afterSunset }) => ({
    deprecatedAt,
    sunsetAt,
    replacement,
    afterSunset,
  }))
  .superRefine(({ deprecatedAt, sunsetAt, replacement, afterSunset }, ctx) => {
    if (deprecatedAt && sunsetAt && sunsetAt < deprecatedAt)
      ctx.addIssue('has a sunsetAt before its deprecatedAt');
    if (afterSunset !== 'PASS' && !sunsetAt)
      ctx.addIssue(`has the afterSunset ${afterSunset} and no sunsetAt`);
    if (afterSunset === 'REPLACE' && !replacement)
      ctx.addIssue('has the afterSunset REPLACE and no replacement');
  });

/** Other names of models, and when models come to their end. */
export const models = mapOf({
  aliases: z.record(name, name).default({}),
  lifecycles: z.record(name, lifecycle).default({}),
  warnDays: z.array(wholeNumber(1, 365)).min(1, 'is empty').max(10).default([30, 7, 1]),
}).superRefine(({ aliases, lifecycles }, ctx) => {
  for (const [alias, model] of Object.entries(aliases)) {
    const report = (message: string) => ctx.addIssue({ code: 'custom', path: ['aliases', alias], message });
    if (Object.hasOwn(aliases, model)) report(`leads to ${quote(model)}, an alias; name a model`);
    if (Object.hasOwn(lifecycles, alias))
      report('is an alias; the lifecycle is that of the model it leads to');
  }
  for (const [model, { replacement }] of Object.entries(lifecycles)) {
    const seen = new Set([model]);
    for (let next = replacement; next !== undefined; next = lifecycles[next]?.replacement) {
      if (seen.has(next)) {
        const message = `goes in a circle: ${[...seen, next].join(' → ')}`;
        ctx.addIssue({ code: 'custom', path: ['lifecycles', model, 'replacement'], message });
        break;
      }
      seen.add(next);
    }
  }
});
