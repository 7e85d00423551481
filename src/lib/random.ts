import { randomBytes } from 'node:crypto';

const STOCK_BYTES = 4_096;

let stock = randomBytes(STOCK_BYTES);
let used = 0;

/** Random bytes out of a stock: asking the system for a few costs as much as asking for thousands. */
export function takeRandomBytes(count: number): Buffer {
  if (used + count > stock.length) {
    stock = randomBytes(STOCK_BYTES);
    used = 0;
  }
  used += count;
  return stock.subarray(used - count, used);
}
