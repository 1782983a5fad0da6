import { readFileSync } from "node:fs";
import type { KubeObject } from "@outrigger/kit/api";
import { describe, expect, test } from "vitest";
import { kinds } from "../table.ts";
import { defaultContainer, defaultObject, defaultPodSpec, imagePullPolicy } from "./index.ts";

interface Case {
  readonly sent: KubeObject;
  readonly stored: KubeObject;
}

/** Bodies of creates, and what a real API server made of them: `created` from the recordings, `defaulted` by dry run of odd ones. */
const cases = ["created.json", "defaulted.json"].flatMap(
  (file) =>
    JSON.parse(readFileSync(new URL(`../testdata/${file}`, import.meta.url), "utf8"), (_key, value: unknown) =>
      typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? "<time>" : value,
    ) as Case[],
);

/** What is decided later: by admission, by allocation, or when an object of the kind is made. */
const LATER: Readonly<Record<string, RegExp>> = {
  CertificateSigningRequest: /^spec\.(username|uid|groups)/,
  DaemonSet: /^metadata\.annotations\.deprecated/,
  Job: /controller-uid|job-name|^spec\.selector|^spec\.template\.metadata($|\.labels)/,
  Namespace: /^spec$|^spec\.finalizers/,
  Node: /^spec\.(taints|podCIDRs)/,
  PersistentVolume: /^metadata\.finalizers|lastPhaseTransitionTime/,
  PersistentVolumeClaim: /^metadata\.finalizers|^spec\.dataSourceRef/,
  Pod: /^spec\.(tolerations|priority|preemptionPolicy)|^status/,
  Secret: /^(stringData|data)/,
  Service: /^spec\.(clusterIPs?|ipFamil|ports\.\d+\.nodePort|healthCheckNodePort)/,
  VolumeAttributesClass: /^metadata\.finalizers/,
};

const row = ({ apiVersion, kind }: KubeObject) => {
  const [version, group = ""] = apiVersion.split("/").reverse();
  return kinds().byKind(group, version!, kind)!;
};

/** An object as paths and their values, without what every object gets from the server. */
function paths(object: KubeObject): Map<string, unknown> {
  const { uid, resourceVersion, creationTimestamp, generation, managedFields, namespace, ...metadata } = object.metadata;
  const found = new Map<string, unknown>();
  const walk = (value: unknown, path: string): void => {
    if (value === null || typeof value !== "object" || Object.keys(value).length === 0) found.set(path, value);
    else for (const [key, inner] of Object.entries(value)) walk(inner, path === "" ? key : `${path}.${key}`);
  };
  walk({ ...object, metadata }, "");
  return found;
}

describe("defaults are those of a real API server", () => {
  test.each(cases.map((one) => [`${one.sent.apiVersion} ${one.sent.kind} ${one.sent.metadata.name}`, one] as const))(
    "%s",
    (_name, { sent, stored }) => {
      const object = structuredClone(sent);
      defaultObject(row(sent), object);
      const later = LATER[sent.kind];
      const judged = (map: Map<string, unknown>): Record<string, unknown> =>
        Object.fromEntries([...map].filter(([path]) => !later?.test(path)).sort(([a], [b]) => (a < b ? -1 : 1)));
      expect(judged(paths(object))).toEqual(judged(paths(stored)));
    },
  );

  test.each(cases.map((one) => [`${one.sent.apiVersion} ${one.sent.kind} ${one.sent.metadata.name}`, one.sent] as const))(
    "%s changes no more the second time",
    (_name, sent) => {
      const object = structuredClone(sent);
      defaultObject(row(sent), object);
      const once = structuredClone(object);
      defaultObject(row(sent), object);
      expect(object).toEqual(once);
    },
  );
});

describe("an image is pulled", () => {
  test.each([
    ["nginx", "Always"],
    ["nginx:latest", "Always"],
    ["nginx:1", "IfNotPresent"],
    ["localhost:5000/nginx", "Always"],
    ["Host.example/nginx:latest", "Always"],
    [`nginx@sha256:${"a".repeat(64)}`, "IfNotPresent"],
    [`nginx:latest@sha256:${"a".repeat(64)}`, "Always"],
    ["Nginx", "IfNotPresent"],
    ["nginx:", "IfNotPresent"],
    ["", "IfNotPresent"],
    ["a".repeat(64), "IfNotPresent"],
  ])("%s: %s", (image, policy) => {
    expect(imagePullPolicy(image)).toBe(policy);
  });
});

test("a pod's template is no pod: its limits are no requests, its ports not the host's", () => {
  const spec: Record<string, unknown> = {
    hostNetwork: true,
    containers: [{ name: "c", image: "i", ports: [{ containerPort: 80 }], resources: { limits: { cpu: "1" } } }],
  };
  defaultPodSpec(spec);
  expect(spec["containers"]).toMatchObject([{ ports: [{ containerPort: 80, protocol: "TCP" }], resources: { limits: { cpu: "1" } } }]);
  expect(JSON.stringify(spec)).not.toMatch(/hostPort|requests|enableServiceLinks/);
});

test("a container of a SidecarSet keeps its startup probe and its gRPC probes as they are", () => {
  const container = { name: "c", image: "i", startupProbe: { exec: {} }, livenessProbe: { grpc: { port: 1 } } };
  defaultContainer(container, { asInSidecarSet: true });
  expect(container).toMatchObject({ startupProbe: { exec: {} }, livenessProbe: { grpc: { port: 1 }, periodSeconds: 10 } });
  expect(container.livenessProbe.grpc).toEqual({ port: 1 });
  expect(container.startupProbe).toEqual({ exec: {} });
});
