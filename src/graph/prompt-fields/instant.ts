/** What JSON Schema's `date-time` allows, and a little more: a space for the T, and an offset without minutes. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[t\s](\d\d:\d\d):(\d\d)(\.\d+)?(?:z|([+-]\d\d)(?::?(\d\d))?)$/i;

/** @returns the instant that a text of format `date-time` names; a leap second counts as the second before it. */
export function readInstant(text: string): Date | undefined {
  const [, day, time, seconds, fraction = '', hours, minutes = '00'] = DATE_TIME.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  const offset = hours === undefined ? 'Z' : `${hours}:${minutes}`;
  const instant = new Date(`${day}T${time}:${seconds === '60' ? '59' : seconds}${fraction}${offset}`);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}
