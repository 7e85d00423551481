/** One way to name what belongs to another organisation. */
export interface Case {
  query: string;
  variables?: Record<string, unknown>;
  /** What an admin of one organisation is answered who names everything of another. */
  answer: unknown;
}

export const NOT_FOUND = [{ code: 'NOT_FOUND' }];
export const NONE = { nodes: [], totalCount: 0 };
