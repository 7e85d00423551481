/** @throws Error that says in what the database and the model differ. */
export function ensure(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
}
