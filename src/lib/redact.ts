const REDACTED = '[redacted]';

/**
 * A secret by the name it stands under, in JSON or in JSON inside a string. There each quote has the same
 * backslashes before it (`\1`), and a quote or a backslash of the value itself has them twice and one more.
 */
const NAMED = new RegExp(
  String.raw`(\\{0,7})"([\w-]{0,40}(?:authorization|(?:api|admin|access)[-_]?key|secret|password|cookie|session[-_]?token))\1"` +
    String.raw`(\s{0,8}:\s{0,8})\1"(?:[^\\"]|\1\\(?:\1[\\"]|[^\\"]))*`,
  'gi',
);
/** Keys by the form their vendors gave them, wherever they stand. */
const KEYS =
  /\b(?:sk|rk|gsk|xai|pplx|csk|fw|hf|tgp|nvapi|ghp)[-_][\w-]{8,}|\bAIza[\w-]{20,}|\bwhsec_[\w+/=-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g;
const CREDENTIALS = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi;
/** The user and password of a URL, for instance of a database. */
const URL_LOGIN = /(:\/\/)[^\s/"\\]*@/g;

/** The text without anything in it that looks like a secret. Linear in its length; JSON stays JSON. */
export function redactSecrets(text: string): string {
  return text
    .replace(NAMED, `$1"$2$1"$3$1"${REDACTED}`)
    .replace(URL_LOGIN, `$1${REDACTED}@`)
    .replace(CREDENTIALS, `$1 ${REDACTED}`)
    .replace(KEYS, REDACTED);
}
