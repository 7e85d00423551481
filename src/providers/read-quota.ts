import type { Quota } from '../domain/quota.ts';

type Headers = Readonly<Record<string, string>>;

/** One thing that a vendor counts: how much is left, and when it is there again. */
interface Count {
  remaining: number | undefined;
  resetMs: number | undefined;
}

/**
 * By what is counted, the headers that tell of it, the first that is there counts. OpenAI's names are those of Azure, Groq,
 * Cerebras and most servers of its format; Anthropic's own; those of the IETF's draft for everybody else.
 * https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
 * https://docs.claude.com/en/api/rate-limits#response-headers
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
 */
const REQUESTS = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['ratelimit-remaining', 'ratelimit-reset'],
] as const;
const TOKENS = [
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
] as const;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** Numbers above these are moments since 1970, in seconds and in milliseconds, and no durations. */
const EPOCH_SECONDS = 1e9;
const EPOCH_MS = 1e12;

/** @returns undefined when the answer says nothing of what is left. */
export function readQuota(headers: Headers): Quota | undefined {
  const requests = readCount(headers, REQUESTS);
  const tokens = readCount(headers, TOKENS);
  if (requests.remaining === undefined && tokens.remaining === undefined) return undefined;
  return {
    remainingRequests: requests.remaining,
    remainingTokens: tokens.remaining,
    resetMs: resetOf(requests, tokens),
  };
}

function resetOf(requests: Count, tokens: Count): number | undefined {
  const empty = [requests, tokens].filter(({ remaining }) => remaining === 0);
  const resets = (empty.length > 0 ? empty : [requests, tokens]).flatMap(({ resetMs }) => resetMs ?? []);
  if (resets.length === 0) return undefined;
  return empty.length > 0 ? Math.max(...resets) : Math.min(...resets);
}

function readCount(headers: Headers, names: readonly (readonly [string, string])[]): Count {
  for (const [remaining, reset] of names) {
    const left = Number.parseInt(headers[remaining] ?? '', 10);
    if (left >= 0) return { remaining: left, resetMs: readReset(headers[reset] ?? '') };
  }
  return { remaining: undefined, resetMs: undefined };
}

/** Vendors write seconds, "6m0s", a moment since 1970, or a date. */
function readReset(text: string): number | undefined {
  const value = text.trim();
  if (/^\d+(\.\d+)?$/.test(value)) return readNumber(Number(value));
  if (/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(value)) {
    const parts = value.matchAll(/([\d.]+)(ms|[smhd])/g);
    return Math.ceil(
      [...parts].reduce((sum, [, n, unit]) => sum + Number(n) * (UNIT_MS[unit ?? ''] ?? 0), 0),
    );
  }
  return fromNow(Date.parse(value));
}

function readNumber(value: number): number | undefined {
  if (value >= EPOCH_MS) return fromNow(value);
  return value >= EPOCH_SECONDS ? fromNow(value * 1_000) : Math.ceil(value * 1_000);
}

function fromNow(atMs: number): number | undefined {
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.ceil(atMs - Date.now()));
}
