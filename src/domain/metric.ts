/** Names of metrics that callers tell by `completionRate`. */
export const METRIC_NAME = /^[a-z][a-zA-Z0-9._-]{0,63}$/;
export const METRIC_NAME_RULE = 'a name begins with a-z and has up to 64 of a-z, A-Z, 0-9, ".", "_" and "-"';
