import { isAboutTrial } from '../domain/alert.ts';
import { formatNanos } from '../lib/money.ts';
import type { Alert } from './alerts.ts';

type Described = Pick<Alert, 'kind' | 'detail'>;

/** What the alert says, in one line for people. */
export function describeAlert(alert: Described): string {
  const { kind, detail } = alert;
  if (kind === 'MODEL_SUNSET') return describeSunset(readSunset(alert));
  if (kind === 'ANOMALY' || isAboutTrial(kind))
    return typeof detail['message'] === 'string' ? detail['message'] : TOLD[kind];
  const { settled, limit, unit, threshold } = tellDetail(alert);
  const use = `${String(settled)} of ${String(limit)} ${UNITS[String(unit)] ?? ''}`;
  return kind === 'BUDGET_THRESHOLD'
    ? `${String(threshold)} % of the budget is used: ${use}`
    : `something did not fit into what the budget had left: ${use} was used`;
}

/** What an alert about the end of a model says. */
export interface SunsetDetail {
  model: string;
  sunsetAt: Date;
  /** Which of the configured numbers of days before the end was reached. */
  days: number;
  replacement: string | undefined;
  /** Of the last week, up to when it was told. */
  requests: number;
}

export function readSunset({ detail }: Pick<Described, 'detail'>): SunsetDetail {
  const { model, sunsetAt, days, replacement, requests } = detail;
  return {
    model: String(model),
    sunsetAt: new Date(String(sunsetAt)),
    days: Number(days),
    replacement: typeof replacement === 'string' ? replacement : undefined,
    requests: Number(requests),
  };
}

function describeSunset({ model, sunsetAt, replacement, requests }: SunsetDetail): string {
  const follows = replacement === undefined ? '' : `; ${replacement} takes its place`;
  return `${model} ends on ${sunsetAt.toISOString().slice(0, 10)} and was called ${requests} times in the last week${follows}`;
}

/** Where an alert does not say it itself. */
const TOLD = {
  ANOMALY: 'use is unusual',
  CANARY_ROLLED_BACK: 'a canary was rolled back',
  CANARY_PROMOTED: 'a canary has taken over',
  EXPERIMENT_DECIDED: 'an experiment has a winner',
};

const UNITS: Readonly<Record<string, string>> = { MONEY: 'USD', TOKENS: 'tokens', REQUESTS: 'requests' };

/** The percentage of a budget's limit that was reached; undefined for an alert that is about something else. */
export function thresholdOf({ kind, detail }: Described): number | undefined {
  return kind === 'BUDGET_THRESHOLD' ? Number(detail['threshold']) : undefined;
}

/** The detail as it is told to others: a budget's money is kept in nano-USD and told in USD. */
export function tellDetail({ detail }: Pick<Described, 'detail'>): Record<string, unknown> {
  if (detail['unit'] !== 'MONEY') return detail;
  const { limit, settled, ...rest } = detail;
  return { ...rest, limit: toUsd(limit), settled: toUsd(settled) };
}

function toUsd(nanos: unknown): string {
  return formatNanos(BigInt(String(nanos)));
}
