/** Where a statement is shown: the file and what stands in the name of the test. */
type Shown = readonly [file: string, name: string];
export interface Statement {
  says: string;
  shown?: readonly Shown[];
  /** Why nothing shows it: there is nothing yet that it could be said of. */
  notYet?: string;
  /** What of it these tests do not show. */
  unsaid?: string;
}
