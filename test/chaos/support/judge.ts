import { expect } from 'vitest';
import type { AttemptData, CompletionData } from '../../completion/support/completions.ts';
import type { TestGateway } from '../../support/gateway.ts';
import { INPUT, type Served, type TruthfulVendor } from './truthful-vendor.ts';

/**
 * Holds what the gateway has booked for a completion against what the vendors say they did: one attempt and one settlement
 * for each call, with the tokens that were sent, give or take one piece of those that broke off.
 * @param unseen attempts that reached no vendor; undefined: however many.
 */
export async function expectTruth(
  { gateway }: TestGateway,
  completion: CompletionData,
  vendors: readonly TruthfulVendor[],
  asked: string,
  unseen: number | undefined,
): Promise<void> {
  const served = vendors.flatMap(({ config, log }) =>
    log.filter((each) => each.asked === asked).map((each) => ({ ...each, vendor: config.name })),
  );
  const { attempts } = completion;
  if (unseen !== undefined) expect(attempts).toHaveLength(served.length + unseen);
  const settled = await gateway.database.sql<{ vendor: string; nanos: bigint }[]>`
    SELECT split_part(credit_account, ':', 3) AS vendor, amount_nanos AS nanos
    FROM ledger_entries WHERE completion_id = ${completion.id} AND kind = 'SETTLE' ORDER BY attempt`;
  expect(settled.map(({ vendor }) => vendor)).toEqual(attempts.map(({ provider }) => provider));
  for (const { config } of vendors) {
    const calls = served.filter(({ vendor }) => vendor === config.name);
    const booked = attempts.flatMap((attempt, at) =>
      attempt.provider === config.name ? [{ attempt, nanos: settled[at]!.nanos }] : [],
    );
    // Those that reached nobody come to nothing, wherever they stand.
    const reached = booked.filter(({ nanos }) => nanos > 0n);
    const charged = calls.filter((call) => call.said > 0);
    expect(reached).toHaveLength(charged.length);
    for (const [at, call] of charged.entries()) expectSame(reached[at]!, call);
  }
}

function expectSame({ attempt, nanos }: { attempt: AttemptData; nanos: bigint }, call: Served): void {
  const { input, output, source } = attempt.usage;
  if (call.reported && source === 'REPORTED') {
    expect({ input, output, nanos }).toEqual({
      input: INPUT,
      output: call.said,
      nanos: BigInt(INPUT + call.said) * 1_000n,
    });
    return;
  }
  expect(source).toBe('ESTIMATED');
  expect(Math.abs(output - call.said)).toBeLessThanOrEqual(1);
  expect(nanos).toBe(BigInt(input + output) * 1_000n);
}
