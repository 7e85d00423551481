import type { Rate } from '../domain/model.ts';
import { formatNanos } from '../lib/money.ts';
import { isPriceable } from './cost.ts';

const RATES_MAX = 100;
const TOKENS_MAX = 1_000_000_000;
/** USD for one unit, in nano-USD; more is a slip of the decimal point. */
const NANOS_MAX = 1_000_000_000_000_000n;

interface Fault {
  path: string[];
  message: string;
}

/** What is wrong with the rates of a new price, each with its place in the input. None is a price too. */
export function findRateFaults(rates: readonly Rate[]): Fault[] {
  if (rates.length === 0) return [];
  if (rates.length > RATES_MAX) return [fault(['rates'], `holds more than ${RATES_MAX} rates`)];
  const faults = rates.flatMap((rate, index) => findFaults(rate, index, rates));
  if (isPriceable(rates)) return faults;
  return [...faults, fault(['rates'], 'needs a rate for MTOK_INPUT or for REQUEST')];
}

function findFaults({ unit, fromTokens, nanos }: Rate, index: number, rates: readonly Rate[]): Fault[] {
  const at = (field: string, message: string) => fault(['rates', String(index), field], message);
  const faults: Fault[] = [];
  if (nanos < 0n || nanos > NANOS_MAX) {
    faults.push(at('amount', `is ${formatNanos(nanos)}; it must be from 0 to ${formatNanos(NANOS_MAX)} USD`));
  }
  if (!Number.isSafeInteger(fromTokens) || fromTokens < 0 || fromTokens > TOKENS_MAX) {
    faults.push(at('fromTokens', `is ${fromTokens}; it must be a whole number from 0 to ${TOKENS_MAX}`));
  }
  const isSame = (other: Rate) => other.unit === unit && other.fromTokens === fromTokens;
  if (rates.findIndex(isSame) < index) {
    faults.push(at('unit', `repeats ${unit} from ${fromTokens} tokens on`));
  }
  // Below its first tier a unit would be billed like another one, which nobody means.
  const isFirst = rates.findIndex((other) => other.unit === unit) === index;
  if (isFirst && !rates.some((other) => other.unit === unit && other.fromTokens === 0)) {
    faults.push(at('fromTokens', `is ${fromTokens}; ${unit} needs a rate from 0 tokens on`));
  }
  return faults;
}

function fault(place: string[], message: string): Fault {
  const path = ['input', ...place];
  return { path, message: `${path.join('.')} ${message}` };
}
