/** What the process was started with; nothing else in the code looks there. */
export interface Environment {
  /** Variables that are set to something, also those that the config file refers to as `${NAME}`. */
  readonly lookup: Readonly<Record<string, string>>;
  /** Where relative paths start. */
  readonly directory: string;
}

export function readEnvironment(): Environment {
  return toEnvironment(process.env, process.cwd());
}

/** A copy that does not change any more. An empty variable counts as not set, as in a compose file with `NAME=`. */
export function toEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
  directory: string,
): Environment {
  const set = Object.entries(variables).filter((entry): entry is [string, string] =>
    Boolean(entry[1]?.trim()),
  );
  return Object.freeze({ lookup: Object.freeze(Object.fromEntries(set)), directory });
}
