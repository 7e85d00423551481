/** Far more than anybody nests by hand, far less than what overflows the stack of those who walk a value. */
export const MAX_JSON_LEVELS = 200;

/** Whether a JSON value is nested so deep that JSON.stringify, a validator or the database may fail on it. */
export function isTooDeep(value: unknown, levels = MAX_JSON_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isTooDeep(member, levels - 1));
}
