/**
 * The names of the IANA database that have one meaning everywhere. Left out are offsets such as "+02:00", which PostgreSQL
 * reads the other way round, and names without a place such as "IST", "BST" and "CET": they are its abbreviations, of other
 * countries or without summer time.
 */
const NAME = /^(?:UTC|GMT|[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+){1,2})$/i;
const LENGTH_MAX = 64;

/** Whether a text is the name of a time zone, such as "Europe/Berlin" or "UTC". */
export function isTimeZone(name: string): boolean {
  if (name.length > LENGTH_MAX || !NAME.test(name)) return false;
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
