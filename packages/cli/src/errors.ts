/** A failure that the user can mend: printed as one line, without a stack. */
export class CliError extends Error {
  readonly code = "ERR_CLI";
  readonly exitCode: number;

  /** @param message what is wrong and what to do, in one line. */
  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The one line that a user reads for any error. */
export function lineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `outrigger: ${text.replace(/\s*\n\s*/g, " ")}`;
}
