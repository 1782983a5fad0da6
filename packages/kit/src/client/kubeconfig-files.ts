import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { KubeconfigError } from "./errors.ts";
import { isInCluster } from "./in-cluster.ts";

/** Where a kubeconfig is read from, and which context of it is used. */
export interface KubeconfigOptions {
  /** A file, or several that are merged as `KUBECONFIG` lists are. Default: `KUBECONFIG`, else `~/.kube/config`, else in-cluster. */
  readonly file?: string | readonly string[];
  /** The kubeconfig's text itself, instead of files. */
  readonly text?: string;
  /** Context to use instead of `current-context`. */
  readonly context?: string;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** One named entry of a kubeconfig and where it came from. */
export interface Entry {
  readonly file: string;
  /** False for a text that the caller gave. */
  readonly isFile: boolean;
  readonly folder: string;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}
/** Several files as one. */
export interface Merged {
  readonly source: string;
  currentContext: string;
  currentContextFile: string | undefined;
  readonly clusters: Map<string, Entry>;
  readonly users: Map<string, Entry>;
  readonly contexts: Map<string, Entry>;
}

/** The files that the options and the environment name, merged; undefined when the pod's own service account is meant. */
export function readKubeconfigs(options: KubeconfigOptions, env: Readonly<Record<string, string | undefined>>): Merged | undefined {
  if (options.text !== undefined) return merge([{ file: "kubeconfig text", folder: process.cwd(), text: options.text, isFile: false }]);
  let files: readonly string[];
  let mustExist = false;
  if (options.file !== undefined) {
    files = typeof options.file === "string" ? [options.file] : options.file;
    mustExist = true;
  } else if (env["KUBECONFIG"]) {
    files = env["KUBECONFIG"].split(delimiter).filter((file) => file !== "");
  } else {
    const usual = join(env["HOME"] || homedir(), ".kube", "config");
    if (!existsSync(usual) && isInCluster(env)) return undefined;
    files = [usual];
  }
  const present = mustExist ? files : files.filter((file) => existsSync(file));
  if (present.length === 0) {
    throw new KubeconfigError(files.join(delimiter), "", "no such file; set KUBECONFIG, or run inside a cluster with a service account");
  }
  return merge(
    present.map((file) => {
      try {
        return { file, folder: dirname(resolve(file)), text: readFileSync(file, "utf8"), isFile: true };
      } catch (cause) {
        throw new KubeconfigError(file, "", unreadable(cause as NodeJS.ErrnoException), cause);
      }
    }),
  );
}

function unreadable({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return "no such file";
  return code === "EISDIR" ? "is a directory" : `cannot be read: ${message}`;
}

/** Loaded when the first file is read: 20 ms that a client over another transport can do without. */
function parseYaml(text: string): unknown {
  const { parse } = createRequire(import.meta.url)("yaml") as typeof import("yaml");
  return parse(text);
}

interface FileText {
  readonly file: string;
  readonly isFile: boolean;
  readonly folder: string;
  readonly text: string;
}

function merge(files: readonly FileText[]): Merged {
  const merged: Merged = {
    source: files.map(({ file }) => file).join(delimiter),
    currentContext: "",
    currentContextFile: undefined,
    clusters: new Map(),
    users: new Map(),
    contexts: new Map(),
  };
  for (const { file, isFile, folder, text } of files) {
    let config: unknown;
    try {
      config = parseYaml(text);
    } catch (cause) {
      throw new KubeconfigError(file, "", `is not YAML: ${(cause as Error).message.split(/:?\n/)[0]}`, cause);
    }
    if (config === null || config === undefined) {
      // As kubectl: an empty file of several is passed over.
      if (files.length === 1) throw new KubeconfigError(file, "", "is empty");
      continue;
    }
    if (typeof config !== "object" || Array.isArray(config))
      throw new KubeconfigError(file, "", "is not a kubeconfig: its content is no map");
    const body = config as Record<string, unknown>;
    if (!merged.currentContext && typeof body["current-context"] === "string") {
      merged.currentContext = body["current-context"];
      merged.currentContextFile = file;
    }
    for (const [list, inner] of [
      ["clusters", "cluster"],
      ["users", "user"],
      ["contexts", "context"],
    ] as const) {
      const entries = body[list] ?? [];
      if (!Array.isArray(entries)) throw new KubeconfigError(file, list, "must be a list");
      entries.forEach((entry: Record<string, unknown> | null, index) => {
        const name = entry?.["name"];
        if (typeof name !== "string" && typeof name !== "number") throw new KubeconfigError(file, `${list}[${index}].name`, "is missing");
        const content = entry?.[inner] ?? {};
        if (typeof content !== "object" || Array.isArray(content))
          throw new KubeconfigError(file, `${list}[${name}].${inner}`, "must be a map");
        if (!merged[list].has(String(name)))
          merged[list].set(String(name), { file, isFile, folder, name: String(name), body: content as Record<string, unknown> });
      });
    }
  }
  return merged;
}
