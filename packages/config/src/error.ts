/** One thing that is wrong with a configuration. */
export interface ConfigurationProblem {
  /** A path, `the variable BFE_PORT`, `the environment`. */
  readonly source: string;
  /** From 1; absent where the source has no lines. */
  readonly line?: number;
  readonly column?: number;
  /** `server.port`; absent where the content cannot be read at all. */
  readonly field?: string;
  readonly message: string;
}

/** A configuration that cannot be used; the message has a line a problem: `/etc/config/app.json:3:11: server.port: …`. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "ERR_CONFIGURATION";
  readonly problems: readonly ConfigurationProblem[];

  constructor(problems: readonly ConfigurationProblem[], options?: ErrorOptions) {
    super(problems.map(problemText).join("\n"), options);
    this.problems = problems;
  }
}

function problemText({ source, line, column, field, message }: ConfigurationProblem): string {
  return `${source}${line === undefined ? "" : `:${line}:${column ?? 1}`}: ${field ? `${field}: ` : ""}${message}`;
}
