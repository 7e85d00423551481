import { create, completionOf, say, type CompletionData } from '../completion/support/completions.ts';
import { ADMIN_KEY, type TestGateway } from '../support/gateway.ts';

export const REASON = 'the vendor charged twice';

export interface Entry {
  id: string;
  kind: string;
  amount: { amount: string };
  note: string;
  actor: { id: string } | null;
  team: { id: string } | null;
  key: { id: string } | null;
  completion: { id: string } | null;
}
export interface Booked {
  entry: Entry | null;
  errors: { code: string; message: string; path: string[] | null }[];
}
export type CorrectionInput = {
  completionId?: string;
  teamId?: string;
  keyId?: string;
  amount?: string;
  reason?: string;
};

const ENTRY = `entry { id kind amount { amount } note actor { id } team { id } key { id } completion { id } }
  errors { code message path }`;

type Options = { key?: string; idempotencyKey?: string };
type Correct = (input: CorrectionInput, options?: Options) => Promise<Booked>;

/** Books corrections on a gateway as a client does. */
export interface CorrectionClient {
  adjust: Correct;
  credit: Correct;
  complete(key?: string): Promise<CompletionData>;
  countCorrections(): Promise<number>;
}

export function correctOn(gateway: () => TestGateway): CorrectionClient {
  const book =
    (mutation: string, type: string) =>
    async (input: CorrectionInput, options: Options = {}) => {
      const { key = ADMIN_KEY, idempotencyKey } = options;
      const { data, errors } = await gateway().ask(
        `mutation ($input: ${type}!, $key: String) { booked: ${mutation}(input: $input, idempotencyKey: $key) { ${ENTRY} } }`,
        { input: { amount: '1', reason: REASON, ...input }, key: idempotencyKey },
        { key },
      );
      if (!data?.booked) throw new Error(JSON.stringify(errors));
      return data.booked as Booked;
    };
  return {
    adjust: book('ledgerAdjust', 'LedgerAdjustInput'),
    credit: book('ledgerCredit', 'LedgerCreditInput'),
    complete: async (key = ADMIN_KEY) =>
      completionOf(await create(gateway(), say('demo/expensive', 'How much?'), { key })),
    async countCorrections() {
      const [row] = await gateway().gateway.database.sql<{ count: number }[]>`
        SELECT count(*)::int AS count FROM ledger_entries WHERE kind IN ('ADJUST', 'CREDIT')`;
      return row?.count ?? 0;
    },
  };
}

export function entryOf({ entry, errors }: Booked): Entry {
  if (!entry) throw new Error(JSON.stringify(errors));
  return entry;
}
