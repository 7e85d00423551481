import { LIMIT_SCOPES, LIMIT_UNITS } from '../domain/limit.ts';
import { builder } from './builder.ts';

export const RateLimitScope = builder.enumType('RateLimitScope', {
  description:
    'What a limit of requests, tokens, places or operations is set on. A prompt is named by its id.',
  values: LIMIT_SCOPES,
});

export const LimitUnit = builder.enumType('LimitUnit', {
  description: `What a limit counts: completions that are begun, their tokens in and out together, completions under way,
or the points that GraphQL operations cost. A minute is any 60 seconds.`,
  values: LIMIT_UNITS,
});
