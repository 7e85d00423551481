import { formatNanos, parseDecimal } from '../../lib/money.ts';
import type { SubjectHour } from './hours.ts';
import { ANOMALY_MEASURES, type AnomalyMeasure, type Finding } from './judge.ts';

/** What an alert about an anomaly says, as it is read back. */
export type AnomalyDetail = Finding & {
  /** When the hour begins that is unusual. */
  hour: Date;
};

/** A finding as it is kept in an alert and told to webhooks. Numbers are decimal text. */
export function toDetail(finding: Finding, { keyId, teamId, at, use }: SubjectHour): Record<string, string> {
  const { measure, observed, expected, deviation } = finding;
  const subject = keyId === undefined ? `the team ${teamId}` : `the key ${keyId}`;
  const [is, usual] = [describe(measure, observed), describe(measure, expected)];
  return {
    measure,
    observed: formatNanos(observed),
    expected: formatNanos(expected),
    deviation: deviation.toFixed(1),
    requests: use.requests.toString(),
    hour: at.toISOString(),
    message: `${subject}: ${is} in the hour from ${at.toISOString()}, and ${usual} is usual`,
  };
}

/** @throws Error when it is no detail of an anomaly. */
export function readDetail(detail: Record<string, unknown>): AnomalyDetail {
  const text = (name: string) => String(detail[name]);
  const measure = ANOMALY_MEASURES.find((name) => name === detail['measure']);
  const [observed, expected] = [parseDecimal(text('observed')), parseDecimal(text('expected'))];
  if (measure === undefined || observed === undefined || expected === undefined)
    throw new Error('this alert does not say what is unusual');
  return {
    measure,
    observed,
    expected,
    deviation: Number(detail['deviation']),
    hour: new Date(text('hour')),
  };
}

function describe(measure: AnomalyMeasure, billionths: bigint): string {
  switch (measure) {
    case 'SPEND':
      return `$${formatNanos(billionths)}`;
    case 'TOKENS_PER_REQUEST':
      return `${(Number(billionths) / 1e9).toFixed(0)} tokens a request`;
    case 'ERRORS':
      return `${(Number(billionths) / 1e7).toFixed(0)} % of the requests failing`;
  }
}
