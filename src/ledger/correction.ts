import { hash } from 'node:crypto';
import { InvalidInput, type InputIssue } from '../domain/errors.ts';
import { formatNanos, parseUsd } from '../lib/money.ts';

/** A change of what was spent, made by a person: of one completion, or of a team and perhaps one of its keys. */
export interface Correction {
  /** ADJUST adds its amount to what was spent, CREDIT takes it off. */
  kind: 'ADJUST' | 'CREDIT';
  completionId?: string | undefined;
  teamId?: string | undefined;
  keyId?: string | undefined;
  /** Nano-USD. Of an adjustment it has a sign. */
  amountNanos: bigint;
  reason: string;
}

/** Whose spending is corrected. */
export interface CorrectionTarget {
  teamId: string;
  keyId: string | null;
  /** Of a completion only. */
  provider: string | undefined;
}

/** Beyond it an amount is more likely a slip; and accounts have room for many thousands of such. */
const MOST_NANOS = parseUsd('1000000');
const REASON_CHARS = 500;

/** @returns nano-USD by which the correction changes what was spent. */
export function changeOf({ kind, amountNanos }: Correction): bigint {
  return kind === 'CREDIT' ? -amountNanos : amountNanos;
}

/** The same for the same correction only. */
export function hashCorrection(correction: Correction): string {
  const { kind, completionId, teamId, keyId, amountNanos, reason } = correction;
  const named = [kind, completionId ?? null, teamId ?? null, keyId ?? null, amountNanos.toString(), reason];
  return hash('sha256', JSON.stringify(named));
}

/** @throws InvalidInput that names every fault. */
export function ensureCorrection(correction: Correction): void {
  const issues = [...findTargetFaults(correction), ...findAmountFaults(correction)];
  const { length } = correction.reason.trim();
  if (length === 0 || length > REASON_CHARS)
    issues.push(fault('reason', `must hold 1 to ${REASON_CHARS} characters that say why`));
  if (issues.length > 0) throw new InvalidInput(issues);
}

function findTargetFaults({ completionId, teamId, keyId }: Correction): InputIssue[] {
  if (completionId === undefined && teamId === undefined)
    return [fault('teamId', 'is missing: name a completion, or a team')];
  if (completionId === undefined) return [];
  const more = { teamId, keyId };
  return (['teamId', 'keyId'] as const)
    .filter((name) => more[name] !== undefined)
    .map((name) => fault(name, 'is more than is needed: a completion has its team and its key'));
}

function findAmountFaults({ kind, amountNanos }: Correction): InputIssue[] {
  const size = amountNanos < 0n ? -amountNanos : amountNanos;
  if (amountNanos === 0n) return [fault('amount', 'is 0; there is nothing to correct')];
  if (kind === 'CREDIT' && amountNanos < 0n)
    return [fault('amount', `is ${formatNanos(amountNanos)}; a credit is more than 0`)];
  if (size > MOST_NANOS)
    return [
      fault('amount', `is ${formatNanos(amountNanos)}; at most ${formatNanos(MOST_NANOS)} USD go at once`),
    ];
  return [];
}

function fault(name: string, what: string): InputIssue {
  return { path: ['input', name], message: `input.${name} ${what}` };
}
