import { CliError } from "./errors.ts";

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
