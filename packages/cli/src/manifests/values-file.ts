// Adds to a values.yaml what it lacks; every byte that its owner wrote stays.

import { isValue, type Value, type Values, type ValueTree, valueLines } from "@outrigger/operator/manifest-tree";
import { isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import { CliError } from "../errors.ts";

const HEADER =
  "# Values of the operator: for the chart, and for config/ and dist/ too. This file is yours: outrigger manifests only adds\n# values that it lacks.\n";

/**
 * The text of `values.yaml` with all values of the tree.
 *
 * @param text the file as it is; `undefined` when there is none.
 * @throws CliError when it is no YAML, or lacks a value in a place where none can be added.
 */
export function completedValues(text: string | undefined, tree: ValueTree, file: string): string {
  if (text === undefined || text.trim() === "")
    return `${HEADER}${Object.entries(tree)
      .map(([name, one]) => `\n${valueLines(name, one).join("\n")}\n`)
      .join("")}`;
  const additions: { readonly at: number; readonly text: string }[] = [];
  const contents = parsed(text, file);
  if (!isMap(contents)) throw new CliError(`${file}: must be a map of values`);
  missing(contents, tree, 0, []);
  let result = text;
  for (const { at, text: added } of additions.sort((a, b) => b.at - a.at)) result = result.slice(0, at) + added + result.slice(at);
  return result;

  function missing(map: YAMLMap, part: ValueTree, indent: number, path: readonly string[]): void {
    const lacking: [string, Value | ValueTree][] = [];
    for (const [name, one] of Object.entries(part)) {
      const pair = map.items.find(({ key }) => isScalar(key) && key.value === name);
      if (!pair) lacking.push([name, one]);
      else if (!isValue(one) && isMap(pair.value)) missing(pair.value, one, columnOf(pair.value), [...path, name]);
      else if (!isValue(one)) throw new CliError(`${file}: ${[...path, name].join(".")} must be a map`);
    }
    if (lacking.length === 0) return;
    if (map.flow) {
      const [name = ""] = lacking[0] ?? [];
      throw new CliError(`${file}: ${path.join(".")} lacks ${name}; write ${path.join(".")} in lines of its own, so that it can be added`);
    }
    const end = map.range?.[1] ?? text!.length;
    const lines = lacking.flatMap(([name, one]) => [
      ...(indent === 0 ? [""] : []),
      ...valueLines(name, one).map((line) => (line === "" ? line : " ".repeat(indent) + line)),
    ]);
    additions.push({ at: end, text: `${text![end - 1] === "\n" ? "" : "\n"}${lines.join("\n")}\n` });
  }

  function columnOf(map: YAMLMap): number {
    const start = map.range?.[0] ?? 0;
    return start - (text!.lastIndexOf("\n", start - 1) + 1);
  }
}

function parsed(text: string, file: string): unknown {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw new CliError(`${file}: ${error.message}`);
  return document.contents;
}

/** The values of a complete `values.yaml`. */
export function valuesOf(text: string): Values {
  return parseDocument(text).toJS() as Values;
}
