import { CliError } from "./errors.ts";

/** What stands for the option where it is left out, for `--help`, which need not load the manager to say it. */
export const EXCLUDED_BY_DEFAULT = "kube-system,kube-public,kube-node-lease";

/**
 * What `--excluded-namespaces` says, for the manager's options; nothing where it is left out.
 *
 * @throws CliError naming what is no name of a namespace.
 */
export async function excludedNamespaces(options: {
  readonly excludedNamespaces?: string;
}): Promise<{ readonly excludedNamespaces?: readonly string[] }> {
  const { excludedNamespaces: text } = options;
  if (text === undefined) return {};
  const { parseNamespaces } = await import("@outrigger/operator");
  try {
    return { excludedNamespaces: parseNamespaces(text) };
  } catch (error) {
    throw new CliError(`--excluded-namespaces: ${(error as Error).message}`, { exitCode: 2, cause: error });
  }
}
