/** One fault of the configuration. */
export interface ConfigProblem {
  /** The variable, or the path inside the file, such as `providers.openai.apiKey`; empty for the file as a whole. */
  setting: string;
  /** What is wrong with it and what would be right, as the rest of a sentence. */
  message: string;
  /** File and line, where it stands in one. */
  at?: string | undefined;
}

/** Everything that is wrong with the configuration, at once and ready for a terminal. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  /** @param what has them, as the beginning of a sentence. */
  constructor(problems: readonly ConfigProblem[], what = 'the configuration') {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super([`${what} has ${count}:`, ...problems.map((problem) => `  ${toLine(problem)}`)].join('\n'));
    this.problems = problems;
  }
}

function toLine({ at, setting, message }: ConfigProblem): string {
  return [at, setting, message].filter(Boolean).join(' ');
}
