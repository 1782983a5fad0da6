import { dnsLabelProblems } from "@outrigger/kit/api";

/**
 * Names of namespaces as people write them in one option, with commas between; an empty text names none.
 *
 * @throws RangeError that says which is no name of a namespace, and why.
 */
export function parseNamespaces(text: string): readonly string[] {
  const names = parseNames(text);
  for (const name of names) {
    const [problem] = dnsLabelProblems(name);
    if (problem !== undefined) throw new RangeError(`${JSON.stringify(name)} is no name of a namespace: ${problem}`);
  }
  return [...new Set(names)];
}

/** Names in one option, with commas between; an empty text names none. */
export function parseNames(text: string): readonly string[] {
  return text.trim() === "" ? [] : text.split(",").map((name) => name.trim());
}
