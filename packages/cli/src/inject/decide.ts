import { type DecideContext, type Decision, decide, isPod, type Pod, type Rules } from "@outrigger/operator";
import type { Found } from "./documents.ts";
import { isObject, type Json } from "./render.ts";

/** What is known about pods' namespaces. */
export interface Namespaces {
  /** Of objects that name none. */
  readonly byDefault: string;
  readonly labels: (namespace: string) => Readonly<Record<string, string>>;
}

export interface Decided extends Decision {
  readonly namespace: string;
  /** The pod, or the template, with what was injected. */
  readonly injected: Json;
}

/**
 * What admission would make of a pod, or of the pods of a template. Nothing for what is no pod that Kubernetes could take.
 *
 * Guarantee: of the template only what the decision changed is changed; what a controller would add to its pods (owner,
 * namespace, service account) only takes part in the decision.
 */
export function decideFound(
  found: Found,
  rules: Rules,
  namespaces: Namespaces,
  context: Pick<DecideContext, "now" | "everyRule">,
): Decided | undefined {
  const { metadata } = found.object as { metadata?: { name?: string; namespace?: string } };
  const namespace = metadata?.namespace ?? namespaces.byDefault;
  const pod = admitted(found, namespace);
  if (!isPod(pod)) return undefined;
  const decision = decide(pod, rules, { ...context, namespace, namespaceLabels: namespaces.labels(namespace), operation: "CREATE" });
  return { ...decision, namespace, injected: merged(found.pod, pod as unknown as Json, decision.pod as unknown as Json) };
}

/** The pod as the API server sends it to webhooks. */
export function admitted({ object, podPath, pod }: Found, namespace: string): Pod {
  const spec = pod["spec"] as Json;
  const metadata = { ...(isObject(pod["metadata"]) ? pod["metadata"] : {}), namespace };
  if (podPath.length > 0) {
    delete (metadata as Json)["name"];
    const { name } = (isObject(object["metadata"]) ? object["metadata"] : {}) as { name?: string };
    Object.assign(metadata, {
      generateName: `${name ?? ""}-`,
      ownerReferences: [{ apiVersion: object["apiVersion"], kind: object["kind"], name: name ?? "", uid: "", controller: true }],
    });
  }
  const account = spec["serviceAccountName"] ?? spec["serviceAccount"] ?? "default";
  return { ...pod, apiVersion: "v1", kind: "Pod", metadata, spec: { ...spec, serviceAccountName: account } } as unknown as Pod;
}

/** The template with what is different between the pod and the decided one. */
function merged(template: Json, before: Json, after: Json): Json {
  const result: Json = { ...template };
  for (const part of ["metadata", "spec"] as const) {
    const [old, now] = [before[part], after[part]] as [Json, Json];
    const changed = Object.keys(now).filter((key) => now[key] !== old[key]);
    if (changed.length === 0) continue;
    const own = isObject(template[part]) ? template[part] : {};
    const entries = Object.fromEntries(changed.map((key) => [key, plain(now[key])]));
    if (Object.hasOwn(template, part)) result[part] = { ...own, ...entries };
    else return merged({ [part]: {}, ...template }, before, after);
  }
  return result;
}

/** Nothing of the rules' own objects goes into a result that is compared and changed. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
