import { EXCLUDED_NAMESPACES, type PodDefaults } from "@outrigger/operator";
import { stringify } from "yaml";
import { CliError } from "../errors.ts";
import { rulesOf } from "./rules.ts";

type Entries = NonNullable<PodDefaults["spec"]["labels"]>;

/**
 * `outrigger generate --admission-policy FILE`: PodDefaults as MutatingAdmissionPolicies with their bindings, on standard output,
 * for clusters without a webhook (Kubernetes 1.36).
 *
 * @throws CliError for what a policy cannot say as the manager does it; nothing is left out silently.
 */
export async function admissionPolicies(files: readonly string[]): Promise<void> {
  const { podDefaults = [], sidecarSets = [], templates = [] } = await rulesOf(files);
  if (sidecarSets.length + templates.length > 0)
    throw new CliError("--admission-policy takes PodDefaults alone: SidecarSets and templates need the manager");
  if (podDefaults.length === 0) throw new CliError("there are no PodDefaults in these files");
  const problems = [...podDefaults.flatMap(unsayable), ...twice(podDefaults)];
  if (problems.length > 0) throw new CliError(`no admission policy can say this: ${problems.join("; ")}`);
  process.stdout.write(
    podDefaults
      .flatMap(policyOf)
      .map((object) => stringify(object, { lineWidth: 0 }))
      .join("---\n"),
  );
}

function unsayable({ metadata, spec }: PodDefaults): string[] {
  const problems: string[] = [];
  if (spec.env?.length) problems.push("env, which goes into each container before its own variables");
  if (spec.proxies) problems.push("proxies, which come from the manager's environment");
  if (spec.sidecarReadinessGate) problems.push("sidecarReadinessGate, which the manager fulfils");
  for (const { name, valueFrom } of [...(spec.labels ?? []), ...(spec.annotations ?? [])])
    if (valueFrom) problems.push(`valueFrom of ${name}`);
  return problems.map((problem) => `PodDefaults ${metadata.name} has ${problem}`);
}

/** Which of two policies acts first is not theirs to say. */
function twice(all: readonly PodDefaults[]): string[] {
  return (["labels", "annotations"] as const).flatMap((list) => {
    const setters = new Map<string, string>();
    return all.flatMap(({ metadata, spec }) =>
      (spec[list] ?? []).flatMap(({ name }) => {
        const other = setters.get(name);
        setters.set(name, metadata.name ?? "");
        return other === undefined || other === metadata.name
          ? []
          : [`both ${other} and ${metadata.name} set ${list} ${name}, and policies have no priority`];
      }),
    );
  });
}

function policyOf({ metadata, spec }: PodDefaults): object[] {
  const name = `pod-defaults-${metadata.name}`;
  const { matchLabels, matchExpressions = [] } = spec.namespaceSelector ?? {};
  const excluded = { key: "kubernetes.io/metadata.name", operator: "NotIn", values: [...EXCLUDED_NAMESPACES] };
  const controlPlane = { key: "control-plane", operator: "DoesNotExist" };
  const mutations = (["labels", "annotations"] as const).flatMap((list) => {
    const entries = spec[list] ?? [];
    return entries.length === 0 ? [] : [{ patchType: "JSONPatch", jsonPatch: { expression: expressionOf(list, entries) } }];
  });
  return [
    {
      ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "MutatingAdmissionPolicy", metadata: { name } },
      spec: {
        // As the manager's own webhook for PodDefaults: a pod without a default is better than none.
        failurePolicy: "Ignore",
        reinvocationPolicy: "IfNeeded",
        matchConstraints: {
          namespaceSelector: { ...(matchLabels ? { matchLabels } : {}), matchExpressions: [...matchExpressions, excluded, controlPlane] },
          objectSelector: spec.selector ?? {},
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        },
        mutations,
      },
    },
    {
      ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "MutatingAdmissionPolicyBinding", metadata: { name } },
      spec: { policyName: name },
    },
  ];
}

/** Each key where the pod lacks it, or whatever it has there with `override`. */
function expressionOf(list: "labels" | "annotations", entries: Entries): string {
  const map = `object.metadata.${list}`;
  const lines = [`(has(${map}) ? [] : [JSONPatch{op: "add", path: "/metadata/${list}", value: {}}])`];
  for (const { name, value = "", override } of entries) {
    const add = `[JSONPatch{op: "add", path: "/metadata/${list}/" + jsonpatch.escapeKey(${cel(name)}), value: ${cel(value)}}]`;
    lines.push(override ? add : `(has(${map}) && ${cel(name)} in ${map} ? [] : ${add})`);
  }
  return lines.join(" +\n");
}

/** A text as CEL writes it: JSON's escapes are CEL's too. */
function cel(text: string): string {
  return JSON.stringify(text);
}
