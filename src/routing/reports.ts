import { z } from 'zod';
import { MAX_BYTES } from '../events/channels.ts';
import type { PeerCalls } from './peers.ts';

/** The last times to the first token that a report holds. */
const TIMES = 20;
/** Of a message, around its reports. */
const ENVELOPE_BYTES = 200;

const count = z.int().min(0).max(1_000_000_000);
/** Times that lie further ahead are not believed; a vendor cannot ask for more either. */
const ms = z
  .number()
  .min(0)
  .max(24 * 3_600_000);

/** What an instance says of a model. It holds times that are left or past and no points in time, as clocks differ. */
const report = z.strictObject({
  model: z.string().max(1_000),
  inFlight: count,
  isTrying: z.boolean(),
  /** Its calls that ended since the last report. */
  succeeded: count,
  failed: count,
  /** To the first token, of the last of those that succeeded. */
  answeredMs: z.array(ms).max(TIMES),
  /** The longest of those that failed. */
  failedMs: ms.optional(),
  /** How its circuit turned on that instance. */
  turned: z.strictObject({ opened: count, restMs: ms, agoMs: ms }).optional(),
  /** How long its vendor wants no call, as it told that instance. */
  restMs: ms.optional(),
});
const message = z.strictObject({ from: z.string().max(100), reports: z.array(report).max(100) });

export type Report = z.infer<typeof report> & PeerCalls;

/** What of calls that ended goes into the next report. A plain value. */
export type Ended = Pick<Report, 'succeeded' | 'failed' | 'answeredMs' | 'failedMs'>;

export const NOTHING_ENDED: Ended = { succeeded: 0, failed: 0, answeredMs: [] };

export function countEnd(
  ended: Ended,
  { kind, latencyMs }: { kind: string; latencyMs: number | undefined },
): Ended {
  if (kind === 'OK') {
    const answeredMs = latencyMs === undefined ? ended.answeredMs : [...ended.answeredMs, latencyMs];
    return { ...ended, succeeded: ended.succeeded + 1, answeredMs: answeredMs.slice(-TIMES) };
  }
  if (kind !== 'FAILED') return ended;
  const failedMs = latencyMs === undefined ? ended.failedMs : Math.max(latencyMs, ended.failedMs ?? 0);
  return { ...ended, failed: ended.failed + 1, failedMs };
}

/** As many messages as it takes to keep each of them short enough; without reports, one that says who is there. */
export function writeMessages(from: string, reports: readonly Report[]): string[] {
  const wrap = (texts: readonly string[]) =>
    `{"from":${JSON.stringify(from)},"reports":[${texts.join(',')}]}`;
  const messages: string[] = [];
  let texts: string[] = [];
  let bytes = 0;
  for (const text of reports.map((each) => JSON.stringify(each, roundTimes))) {
    const size = Buffer.byteLength(text) + 1;
    if (texts.length > 0 && bytes + size > MAX_BYTES - ENVELOPE_BYTES) {
      messages.push(wrap(texts));
      [texts, bytes] = [[], 0];
    }
    texts.push(text);
    bytes += size;
  }
  return [...messages, wrap(texts)];
}

/** @returns undefined for what no instance of this version says. */
export function readMessage(text: string): { from: string; reports: Report[] } | undefined {
  try {
    return message.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function roundTimes(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value) : value;
}
