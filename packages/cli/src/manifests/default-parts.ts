import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import { CliError } from "../errors.ts";

/**
 * A kustomization with these folders beside it among its resources; every byte that its owner wrote stays.
 *
 * @throws CliError when its resources are not a list in lines.
 */
export function withParts(text: string, parts: readonly string[], file: string): string {
  const { contents, errors } = parseDocument(text);
  if (errors[0]) throw new CliError(`${file}: ${errors[0].message}`);
  const resources = isMap(contents) ? contents.get("resources", true) : undefined;
  const named = isSeq(resources) ? resources.items.map((item) => (isScalar(item) ? String(item.value).replace(/\/$/, "") : "")) : [];
  const missing = parts.filter((part) => !named.includes(`../${part}`));
  if (missing.length === 0) return text;
  const last = isSeq(resources) && !resources.flow ? resources.items.at(-1) : undefined;
  if (!isScalar(last) || !last.range) throw new CliError(`${file}: add ${missing.map((part) => `../${part}`).join(", ")} to resources`);
  const [start] = last.range;
  const line = text.lastIndexOf("\n", start - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(line))?.[0] ?? "";
  const end = text.indexOf("\n", last.range[1]);
  const added = missing.map((part) => `${indent}- ../${part}\n`).join("");
  return end === -1 ? `${text}\n${added}` : text.slice(0, end + 1) + added + text.slice(end + 1);
}
