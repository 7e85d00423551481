const MAX_MS = 24 * 3_600_000;

/**
 * How long a vendor asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110,
 * section 10.2.3). Undefined when it does not say, or says nothing that can be read.
 */
export function readRetryAfter(headers: Readonly<Record<string, string>>): number | undefined {
  const exact = Number.parseFloat(headers['retry-after-ms'] ?? '');
  if (exact >= 0) return Math.min(Math.ceil(exact), MAX_MS);
  const value = headers['retry-after'] ?? '';
  const waitMs = /^\s*[\d.]+\s*$/.test(value)
    ? Number.parseFloat(value) * 1_000
    : Date.parse(value) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(Math.ceil(waitMs), 0), MAX_MS);
}
