import { dnsLabelProblems, type KubeObject } from "@outrigger/kit/api";
import { readQuantity } from "./amounts.ts";
import { appArmorWarnings } from "./app-armor.ts";
import { containersOf, type Fields, number, object, objects, text, texts } from "./fields.ts";
import { Findings } from "./findings.ts";
import { isWhole } from "./resources.ts";

/** What Kubernetes tells the writer of a pod spec, without refusing it (`pkg/api/pod.GetWarningsForPod`). @param path "" for a pod, `spec.template` for a template. */
export function podWarnings(holder: Fields, path: string): string[] {
  const at = path === "" ? "" : `${path}.`;
  const spec = object(holder, "spec") ?? {};
  const containers = containersOf(spec, `${at}spec`);
  const warnings = [
    ...spreadWarnings(spec, `${at}spec`),
    ...volumeWarnings(spec, `${at}spec`),
    ...pullSecretWarnings(spec, `${at}spec`),
    ...containers.flatMap(({ container, place }) => [
      ...appArmorWarnings(holder, container, path),
      ...resourceWarnings(container, place),
      ...envWarnings(container, place),
    ]),
    ...portWarnings(containers),
  ];
  if ((number(spec, "terminationGracePeriodSeconds") ?? 0) < 0) {
    warnings.push(`${at}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  return [...warnings, ...affinityWarnings(spec, `${at}spec`)];
}

function spreadWarnings(spec: Fields, path: string): string[] {
  return objects(spec, "topologySpreadConstraints").flatMap((constraint, index) =>
    object(constraint, "labelSelector")
      ? []
      : [`${path}.topologySpreadConstraints[${index}].labelSelector: a null labelSelector results in matching no pod`],
  );
}

const DEPRECATED_VOLUMES: Readonly<Record<string, string>> = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
};

function volumeWarnings(spec: Fields, path: string): string[] {
  return objects(spec, "volumes").flatMap((volume, index) =>
    Object.entries(DEPRECATED_VOLUMES)
      .filter(([kind]) => object(volume, kind))
      .map(([kind, message]) => `${path}.volumes[${index}].${kind === "storageos" ? "storageOS" : kind}: ${message}`),
  );
}

function pullSecretWarnings(spec: Fields, path: string): string[] {
  const names = objects(spec, "imagePullSecrets").map((secret) => text(secret, "name"));
  const at = (index: number) => `${path}.imagePullSecrets[${index}].name`;
  return [
    ...names.flatMap((name, index) => (names.indexOf(name) < index ? [`${at(index)}: duplicate name ${JSON.stringify(name)}`] : [])),
    ...names.flatMap((name, index) => (name === "" ? [`${at(index)}: invalid empty name ""`] : [])),
  ];
}

function resourceWarnings(container: Fields, path: string): string[] {
  return ["memory", "ephemeral-storage"].flatMap((name) =>
    ["limits", "requests"].flatMap((kind) => {
      const value = object(object(container, "resources"), kind)?.[name];
      if (value === undefined) return [];
      const amount = readQuantity(new Findings(), value, "");
      if (isWhole(amount)) return [];
      return [
        `${path}.resources.${kind}[${name}]: fractional byte value ${JSON.stringify(amount.toString())} is invalid, must be an integer`,
      ];
    }),
  );
}

function envWarnings(container: Fields, path: string): string[] {
  const seen = new Set<string>();
  return objects(container, "env").flatMap((variable, index) => {
    const name = text(variable, "name");
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const reference = `$(${name})`;
    const value = text(variable, "value");
    const builtOn = !object(variable, "valueFrom") && value !== reference && value.includes(reference);
    if (builtOn) return [];
    return [`${path}.env[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`];
  });
}

function portWarnings(containers: readonly { container: Fields; place: string }[]): string[] {
  const warnings: string[] = [];
  const byPort = new Map<string, { place: string; port: Fields }[]>();
  const names = new Map<string, string>();
  const all = containers.flatMap(({ container, place }) =>
    objects(container, "ports").map((port, index) => ({ port, place: `${place}.ports[${index}]` })),
  );
  for (const { port, place } of all) {
    const key = `${number(port, "containerPort") ?? 0}/${text(port, "protocol")}`;
    const others = byPort.get(key) ?? [];
    for (const other of others) {
      const relation = portRelation(port, other.port);
      if (relation !== "") warnings.push(`${place}: ${relation} port definition with ${other.place}`);
    }
    byPort.set(key, [...others, { place, port }]);
  }
  for (const { port, place } of all) {
    const name = text(port, "name");
    const other = names.get(name);
    if (name === "") continue;
    if (other === undefined) names.set(name, place);
    else {
      warnings.push(
        `${place}: duplicate port name ${JSON.stringify(name)} with ${other}, services and probes that select ports by name will use ${other}`,
      );
    }
  }
  return warnings;
}

function portRelation(a: Fields, b: Fields): string {
  const [hostA, hostB] = [number(a, "hostPort") ?? 0, number(b, "hostPort") ?? 0];
  const [ipA, ipB] = [text(a, "hostIP"), text(b, "hostIP")];
  if (ipA === ipB && hostA === hostB) return "duplicate";
  if (hostA === 0 || hostB === 0) return "overlapping";
  return hostA === hostB && (ipA === "") !== (ipB === "") ? "dangerously ambiguous" : "";
}

function affinityWarnings(spec: Fields, path: string): string[] {
  const affinity = object(spec, "affinity");
  return ["podAffinity", "podAntiAffinity"].flatMap((kind) => {
    const at = `${path}.affinity.${kind}`;
    const required = "requiredDuringSchedulingIgnoredDuringExecution";
    const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    const message = "a null labelSelector results in matching no pod";
    return [
      ...objects(object(affinity, kind), required).flatMap((term, index) =>
        object(term, "labelSelector") ? [] : [`${at}.${required}[${index}].labelSelector: ${message}`],
      ),
      ...objects(object(affinity, kind), preferred).flatMap((term, index) =>
        object(object(term, "podAffinityTerm"), "labelSelector")
          ? []
          : [`${at}.${preferred}[${index}].podAffinityTerm.labelSelector: ${message}`],
      ),
    ];
  });
}

/** The name of what makes pods becomes part of their host names. @param use `Pod names and hostnames`, `the Pod's hostname` … */
export function hostnameWarnings(holder: KubeObject, use: string): string[] {
  const problems = dnsLabelProblems(holder.metadata.name ?? "");
  if (problems.length === 0) return [];
  return [
    `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(" ")}]`,
  ];
}

/** A TLS Secret should hold certificates. */
export function secretWarnings(secret: KubeObject): string[] {
  if (text(secret, "type") !== "kubernetes.io/tls") return [];
  const certificate = Buffer.from(text(object(secret, "data"), "tls.crt"), "base64").toString("latin1");
  return certificate.includes("-----BEGIN ") ? [] : ["tls: failed to find any PEM data in certificate input"];
}

export function serviceWarnings(service: KubeObject): string[] {
  const spec = object(service, "spec") ?? {};
  const type = text(spec, "type");
  const external = texts(spec, "externalIPs").length > 0;
  const headless = texts(spec, "clusterIPs")[0] === "None";
  const warnings: string[] = [];
  if (headless) {
    if (text(spec, "loadBalancerIP") !== "") warnings.push("spec.loadBalancerIP is ignored for headless services");
    if (external) warnings.push("spec.externalIPs is ignored for headless services");
    if (text(spec, "sessionAffinity") !== "None") warnings.push("spec.SessionAffinity is ignored for headless services");
  } else if (external && type !== "ExternalName") {
    warnings.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  }
  if (type === "ExternalName" && external) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== "ExternalName" && text(spec, "externalName") !== "") {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (text(spec, "trafficDistribution") === "PreferClose") {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return warnings;
}
