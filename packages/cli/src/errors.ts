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

const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** The one line that a user reads for any error. Errors of the kit are known by their codes, so that it need not be loaded. */
export function lineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `outrigger: ${`${text}${hint(error)}`.replace(/\s*\n\s*/g, " ")}`;
}

/** What to do about it, where the error's own text does not say. */
function hint(error: unknown): string {
  const { code, reason = "" } = (error ?? {}) as { readonly code?: string; readonly reason?: string };
  if (code === "ERR_CONNECTION" && UNREACHABLE.has(reason))
    return "; is the cluster running, and is this its kubeconfig? --kubeconfig and --context choose another";
  if (code === "ERR_UNAUTHORIZED") return ": the cluster does not know this user; the kubeconfig's credentials are wrong or have expired";
  return "";
}
