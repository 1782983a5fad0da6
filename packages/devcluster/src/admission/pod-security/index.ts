import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { type AdmissionAttributes, type ClusterReader, invalid } from "../../registry/index.ts";
import { type AdmissionPlugin, concerns, refuse, specOf } from "../plugin.ts";
import { LEVELS, type Level, type PodSpec, podOf, type Violation, violations } from "./checks.ts";

const LABEL = "pod-security.kubernetes.io/";
const MODES = ["enforce", "audit", "warn"] as const;

interface Policy {
  readonly level: Level;
  readonly version: string;
}

/** Where workloads keep the pod that they make. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  "/podtemplates": ["template"],
  "/replicationcontrollers": ["spec", "template"],
  "apps/daemonsets": ["spec", "template"],
  "apps/deployments": ["spec", "template"],
  "apps/replicasets": ["spec", "template"],
  "apps/statefulsets": ["spec", "template"],
  "batch/cronjobs": ["spec", "jobTemplate", "spec", "template"],
  "batch/jobs": ["spec", "template"],
};

/**
 * Pod Security admission: a namespace's labels say which standard its pods must keep (`enforce`), and of which breaches
 * there are warnings. After `k8s.io/pod-security-admission`.
 *
 * Caveats
 * - Before 1.19 the standards judged seccomp by annotations, which are not read here.
 * - An API server's admission configuration file can name defaults and exemptions. There are none here.
 */
export function podSecurity(reader: ClusterReader): AdmissionPlugin {
  const policiesOf = (namespace: string): Readonly<Record<(typeof MODES)[number], Policy>> => {
    const labels = reader.get("", "namespaces", { name: namespace })?.metadata.labels ?? {};
    return { enforce: readPolicy(labels, "enforce"), audit: readPolicy(labels, "audit"), warn: readPolicy(labels, "warn") };
  };
  return {
    name: "PodSecurity",
    validate(attributes) {
      if (attributes.operation === "DELETE") return;
      if (concerns(attributes, "", "namespaces")) {
        judgeNamespace(attributes, reader);
        return;
      }
      const { object, namespace, resource } = attributes;
      if (!object || namespace === "") return;
      if (resource.group === "" && resource.resource === "pods") {
        if (attributes.subresource !== "" && attributes.subresource !== "ephemeralcontainers") return;
        const policies = policiesOf(namespace);
        const { enforce: enforced } = policies;
        // Nothing is checked, and the annotation has the version `latest` whatever the labels say.
        if (Object.values(policies).every(({ level }) => level === "privileged")) {
          attributes.annotate?.(`${LABEL}enforce-policy`, "privileged:latest");
          return;
        }
        if (attributes.operation === "UPDATE" && !changesSecurity(object, attributes.oldObject)) return;
        attributes.annotate?.(`${LABEL}enforce-policy`, `${enforced.level}:${enforced.version}`);
        const pod = podOf(object, specOf(object) as PodSpec);
        note(attributes, policies.audit, pod);
        const found = violations(enforced.level, enforced.version, pod);
        if (found.length > 0) throw refuse(attributes, `violates PodSecurity ${name(enforced)}: ${told(found)}`);
        warn(attributes, policies.warn, pod);
        return;
      }
      const path = attributes.subresource === "" ? TEMPLATES[`${resource.group}/${resource.resource}`] : undefined;
      const template = path?.reduce<unknown>((at, field) => (at as Record<string, unknown> | undefined)?.[field], object) as
        | { metadata?: KubeObject["metadata"]; spec?: PodSpec }
        | undefined;
      if (!template?.spec) return;
      const pod = podOf({ metadata: template.metadata ?? ({} as never) }, template.spec);
      const policies = policiesOf(namespace);
      warn(attributes, policies.warn, pod);
      note(attributes, policies.audit, pod);
    },
  };
}

function readPolicy(labels: Readonly<Record<string, string>>, mode: (typeof MODES)[number]): Policy {
  const level = labels[`${LABEL}${mode}`] as Level | undefined;
  return { level: level && LEVELS.includes(level) ? level : "privileged", version: labels[`${LABEL}${mode}-version`] ?? "latest" };
}

const name = ({ level, version }: Policy): string => JSON.stringify(`${level}:${version}`);
const told = (found: readonly Violation[]): string =>
  found.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(", ");

function warn(attributes: AdmissionAttributes, policy: Policy, pod: ReturnType<typeof podOf>): void {
  const found = violations(policy.level, policy.version, pod);
  if (found.length > 0) attributes.warn(`would violate PodSecurity ${name(policy)}: ${told(found)}`);
}

/** What breaks the level that a namespace's `audit` label names, for the audit log. */
function note({ annotate }: AdmissionAttributes, policy: Policy, pod: ReturnType<typeof podOf>): void {
  const found = annotate ? violations(policy.level, policy.version, pod) : [];
  if (found.length > 0) annotate?.(`${LABEL}audit-violations`, `would violate PodSecurity ${name(policy)}: ${told(found)}`);
}

/** Fields of a pod that can change and that a standard looks at. */
function changesSecurity(pod: KubeObject, old: KubeObject | undefined): boolean {
  const looked = (one: KubeObject | undefined): unknown => {
    const { containers, initContainers, ephemeralContainers } = (one ? specOf(one) : {}) as PodSpec;
    return { containers, initContainers, ephemeralContainers };
  };
  return !isDeepStrictEqual(looked(pod), looked(old));
}

const VERSION = /^(?:latest|v1\.(?:0|[1-9]\d*))$/;

function judgeNamespace(attributes: AdmissionAttributes, reader: ClusterReader): void {
  const { object, oldObject } = attributes;
  const labels = object?.metadata.labels ?? {};
  const causes = MODES.flatMap((mode) => {
    const wrong = (label: string, why: string) => ({
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(labels[label])}: ${why}`,
      field: `metadata.labels[${label}]`,
    });
    const [level, version] = [`${LABEL}${mode}`, `${LABEL}${mode}-version`];
    return [
      ...(labels[level] !== undefined && !LEVELS.includes(labels[level] as Level)
        ? [wrong(level, `must be one of ${LEVELS.join(", ")}`)]
        : []),
      ...(labels[version] !== undefined && !VERSION.test(labels[version]!) ? [wrong(version, 'must be "latest" or "v1.x"')] : []),
    ];
  });
  if (causes.length > 0 && object) throw invalid({ group: "", kind: "Namespace" }, object.metadata.name ?? "", causes);
  if (!object || !oldObject) return;
  const [now, before] = [readPolicy(labels, "enforce"), readPolicy(oldObject.metadata.labels ?? {}, "enforce")];
  if (LEVELS.indexOf(now.level) <= LEVELS.indexOf(before.level) && now.version === before.version) return;
  warnOfPods(attributes, now, reader);
}

/** Pods that are there keep running; whoever tightens the level is told of them, those alike together. */
function warnOfPods(attributes: AdmissionAttributes, policy: Policy, reader: ClusterReader): void {
  const pods = new Map<string, string[]>();
  for (const pod of reader.list("", "pods")) {
    if (pod.metadata.namespace !== attributes.name) continue;
    const found = violations(policy.level, policy.version, podOf(pod, specOf(pod) as PodSpec));
    if (found.length === 0) continue;
    const reasons = found.map(({ reason }) => reason).join(", ");
    pods.set(reasons, [...(pods.get(reasons) ?? []), pod.metadata.name ?? ""]);
  }
  if (pods.size === 0) return;
  attributes.warn(
    `existing pods in namespace ${JSON.stringify(attributes.name)} violate the new PodSecurity enforce level ${name(policy)}`,
  );
  const lines = [...pods].map(([reasons, [first = "", ...others]]) => {
    const more = others.length === 0 ? "" : others.length === 1 ? " (and 1 other pod)" : ` (and ${others.length} other pods)`;
    return `${first}${more}: ${reasons}`;
  });
  for (const line of lines.sort()) attributes.warn(line);
}
