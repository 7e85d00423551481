/** What the ledger should know of one completion. */
export interface Account {
  id: string;
  state: 'PENDING' | 'POSTED' | 'EXPIRED';
  /** Of the attempt that is under way, or was the last. */
  attempt: number;
  resting: boolean;
  /** What is under way beside it, and how many attempts have begun. */
  beside: { attempt: number; heldNanos: bigint | undefined; seen: number } | undefined;
  begun: number;
  heldNanos: bigint | undefined;
  /** What the attempts before it cost. */
  earlierNanos: bigint;
  /** Whether its hold has run out. */
  late: boolean;
  seen: number;
  costNanos: bigint | undefined;
}

/** One that has just begun. */
export function newAccount(id: string, heldNanos: bigint | undefined): Account {
  const beginning = {
    state: 'PENDING',
    attempt: 0,
    resting: false,
    beside: undefined,
    begun: 1,
    earlierNanos: 0n,
  } as const;
  return { id, heldNanos, ...beginning, late: false, seen: 0, costNanos: undefined };
}

/** Each once. */
export const choose = (ones: number[], accounts: Account[]) => [
  ...new Set(ones.flatMap((index) => accounts[index % accounts.length] ?? [])),
];

export const isUnderWay = ({ state, resting }: Account) => state === 'PENDING' && !resting;
