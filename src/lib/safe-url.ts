const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether a text that names a place is a URL, and no file. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** Whether what comes from a URL comes from there unchanged: by https, or from this machine. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}
