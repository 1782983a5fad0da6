import { closeSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Document, Pair, Scalar, YAMLMap } from "yaml";

type Tokens = Readonly<Record<"id-token" | "refresh-token", string>>;

/** The `auth-provider.config` of a user as the file says now; undefined when the file cannot be read or has none. */
export function readProvider(file: string, user: string): Partial<Record<string, string>> | undefined {
  try {
    return configOf(parse(readFileSync(file, "utf8")), user)?.toJSON() as Record<string, string> | undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes new tokens into a user's `auth-provider.config`; all else in the file stays as it is, to the byte. The file is
 * replaced in one step, under the lock that kubectl takes too (`<file>.lock`).
 *
 * @throws Error when the lock is held, the file cannot be written, or the user is not in it.
 */
export function writeProvider(file: string, user: string, tokens: Tokens): void {
  const path = realpathSync(file);
  const lock = `${path}.lock`;
  closeSync(openSync(lock, "wx"));
  try {
    const text = withTokens(readFileSync(path, "utf8"), user, tokens);
    const next = `${path}.${process.pid}.new`;
    writeFileSync(next, text, { mode: statSync(path).mode });
    renameSync(next, path);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The kubeconfig's text with other tokens, spliced in at their places. */
export function withTokens(text: string, user: string, tokens: Tokens): string {
  const config = configOf(parse(text), user);
  const first = config?.items[0];
  if (!config || !first) throw new Error(`there is no auth-provider.config of user "${user}"`);
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  for (const [name, value] of Object.entries(tokens)) {
    // A JSON string is a YAML scalar.
    const scalar = JSON.stringify(value);
    const pair = config.items.find(({ key }) => (key as Scalar).value === name);
    const range = (pair?.value as Scalar | null | undefined)?.range;
    if (range) edits.push({ from: range[0], to: range[1], text: range[0] === range[1] ? ` ${scalar}` : scalar });
    else edits.push(insertion(text, config, first, name, scalar));
  }
  let edited = text;
  for (const { from, to, text: piece } of edits.sort((a, b) => b.from - a.from)) edited = edited.slice(0, from) + piece + edited.slice(to);
  return edited;
}

function insertion(text: string, config: YAMLMap, first: Pair, name: string, scalar: string): { from: number; to: number; text: string } {
  const from = (first.key as Scalar).range![0];
  const column = from - (text.lastIndexOf("\n", from - 1) + 1);
  return { from, to: from, text: config.flow ? `"${name}": ${scalar}, ` : `${name}: ${scalar}\n${" ".repeat(column)}` };
}

function parse(text: string): Document {
  const { parseDocument } = createRequire(import.meta.url)("yaml") as typeof import("yaml");
  return parseDocument(text);
}

function configOf(document: Document, user: string): YAMLMap | undefined {
  const users = document.get("users") as { items?: YAMLMap[] } | undefined;
  const entry = users?.items?.find((each) => String(each.get("name")) === user);
  return entry?.getIn(["user", "auth-provider", "config"]) as YAMLMap | undefined;
}
