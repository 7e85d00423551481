/** What another organisation has. */
export interface Foreign {
  /** Global ids by type of node. */
  nodes: Record<string, string[]>;
  /** Completions, one over and one under way. */
  done: string;
  running: string;
  teamId: string;
  keyId: string;
  userId: string;
  budgetId: string;
  /** A request for access that is undecided, and a grant. */
  requestId: string;
  grantId: string;
  /** A request for a protected label that is undecided. */
  labelRequestId: string;
  /** An evaluation, which is over. */
  evaluationId: string;
  /** What its audit has of each request to the gateway. */
  auditedRequests: string[];
  /** The name of a role that only it has. */
  role: string;
  /** Of those who ask, for inputs that name something of theirs beside. */
  ourUserId: string;
  ourKeyId: string;
}

/** One way to name what belongs to another organisation. */
export interface Case {
  query: string;
  variables?: Record<string, unknown>;
  /** What an admin of one organisation is answered who names everything of another. */
  answer: unknown;
}

export const NOT_FOUND = [{ code: 'NOT_FOUND' }];
export const NONE = { nodes: [], totalCount: 0 };
