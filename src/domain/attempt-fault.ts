import type { Attempt } from './completion.ts';

/** Unauthorized, payment required, forbidden, not found, timeout, too many requests. */
const ABOUT_ALL: ReadonlySet<number> = new Set([401, 402, 403, 404, 408, 429]);

/**
 * What the caller asked for was impossible, and the model is no worse for that. Of the other statuses of this class a key, a
 * name or the pace of all calls is the cause.
 */
export function isAboutTheRequest({
  httpStatus = 0,
  errorType,
}: Pick<Attempt, 'httpStatus' | 'errorType'>): boolean {
  if (errorType === 'CONTEXT_WINDOW_EXCEEDED') return true;
  return httpStatus >= 400 && httpStatus < 500 && !ABOUT_ALL.has(httpStatus);
}
