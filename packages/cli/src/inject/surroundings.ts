import { compileRules, EXCLUDED_NAMESPACES, parseNamespaces, type Rules } from "@outrigger/operator";
import { CliError } from "../errors.ts";
import { type ClusterOptions, kubeconfigOptions } from "../kubeconfig.ts";
import type { Namespaces } from "./decide.ts";
import { chunks, contentOf } from "./documents.ts";
import { isObject } from "./render.ts";
import { rulesOf } from "./rules.ts";

/** Where rules come from, and what is said of namespaces. */
export interface RuleOptions extends ClusterOptions {
  readonly rules?: readonly string[];
  readonly fromCluster?: boolean;
  readonly namespace?: string;
  readonly namespaceLabel?: readonly string[];
  readonly managerNamespace: string;
  readonly excludedNamespaces?: string;
}

export interface Source {
  readonly file: string;
  readonly text: string;
}

/** The rules, and what is known of namespaces. */
export async function surroundings(sources: readonly Source[], options: RuleOptions): Promise<{ rules: Rules; namespaces: Namespaces }> {
  const told = options.excludedNamespaces === undefined ? undefined : parseNamespaces(options.excludedNamespaces);
  const given = namespacesOf(sources);
  const extra = labelsOf(options.namespaceLabel ?? []);
  if (!options.fromCluster) {
    if (!options.rules?.length)
      throw new CliError("which rules? --rules FILE names some, --from-cluster takes the cluster's", { exitCode: 2 });
    const read = await rulesOf(options.rules);
    const rules = compileRules(read, {
      environment: process.env,
      excludedNamespaces: told ?? EXCLUDED_NAMESPACES,
      ownNamespace: options.managerNamespace,
    });
    const [invalid] = rules.invalid;
    if (invalid) throw new CliError(`${invalid.kind} ${invalid.rule}: ${invalid.message}`);
    // Whoever names a template by hand wants it, where neither the namespace nor the pod says otherwise.
    const silent = read.templates?.length ? { [rules.optIn.namespaceLabels[0]!]: "enabled" } : {};
    const labels = (name: string) => withName(name, { ...(given.get(name) ?? silent), ...extra });
    return { rules, namespaces: { byDefault: options.namespace ?? "default", labels } };
  }
  const [{ connect, loadKubeconfig }, { Namespace }, { readRules }] = await Promise.all([
    import("@outrigger/kit/client"),
    import("@outrigger/kit/kinds"),
    import("@outrigger/operator"),
  ]);
  const access = loadKubeconfig(kubeconfigOptions(options));
  const client = connect(access);
  try {
    const byDefault = options.namespace ?? access.namespace;
    const { rules, namespaceLabels } = await readRules(client, byDefault, options.managerNamespace, told);
    for (const { kind, rule, message } of rules.invalid) console.error(`${kind} ${rule} acts on no pod: ${message}`);
    const known = new Map<string, Readonly<Record<string, string>>>([[byDefault, namespaceLabels]]);
    for (const name of namespacesNamed(sources))
      if (!known.has(name)) known.set(name, (await client.find(Namespace, { name }))?.metadata.labels ?? given.get(name) ?? {});
    return { rules, namespaces: { byDefault, labels: (name) => withName(name, { ...known.get(name), ...extra }) } };
  } finally {
    await client.close();
  }
}

/** The label that every namespace has. */
function withName(name: string, labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { "kubernetes.io/metadata.name": name, ...labels };
}

/** Labels of the namespaces among the manifests. */
function namespacesOf(sources: readonly Source[]): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const found = new Map<string, Readonly<Record<string, string>>>();
  for (const { text } of sources) {
    if (!/\bNamespace\b/.test(text)) continue;
    for (const chunk of chunks(text)) {
      if (!/\bNamespace\b/.test(chunk)) continue;
      const value = readable(chunk);
      const objects = isObject(value) && Array.isArray(value["items"]) ? value["items"] : [value];
      for (const object of objects) {
        if (!isObject(object) || object["kind"] !== "Namespace" || object["apiVersion"] !== "v1" || !isObject(object["metadata"])) continue;
        const { name, labels } = object["metadata"] as { name?: string; labels?: Record<string, string> };
        if (name !== undefined) found.set(name, labels ?? {});
      }
    }
  }
  return found;
}

/** What cannot be read has no namespaces; it is reported where it matters. */
function readable(chunk: string): unknown {
  try {
    return contentOf(chunk);
  } catch {
    return undefined;
  }
}

function namespacesNamed(sources: readonly Source[]): ReadonlySet<string> {
  return new Set(sources.flatMap(({ text }) => [...text.matchAll(/\bnamespace"?:\s*["']?([a-z0-9-]+)/g)].map(([, name = ""]) => name)));
}

function labelsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf("=");
      if (equals < 1) throw new CliError(`--namespace-label ${text}: write KEY=VALUE`, { exitCode: 2 });
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
