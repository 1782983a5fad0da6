import type { KubeObject } from "@outrigger/kit/api";

/** The part of a Pod that the quickstart looks at. */
export interface PodView extends KubeObject {
  spec: {
    containers: { name: string; env?: { name: string; value?: string }[]; volumeMounts?: { name: string; mountPath: string }[]; ports?: { containerPort: number }[]; securityContext?: { capabilities?: { add?: string[] } } }[];
    volumes?: { name: string; emptyDir?: object }[];
    nodeName?: string;
  };
  status?: { phase?: string; podIP?: string; containerStatuses?: { name: string; ready: boolean }[] };
}

/** One thing that the quickstart promises of the pods that come out of it. */
export interface Promised {
  readonly title: string;
  /** Which pods it is about. */
  readonly pods: (pod: PodView) => boolean;
  /** What is wrong with one of them; `undefined` when it is as promised. */
  readonly broken: (pod: PodView) => string | undefined;
  /** It becomes true with time: being ready, not what the pod was made of. */
  readonly takesTime?: boolean;
}

const container = (pod: PodView, name: string): PodView["spec"]["containers"][number] | undefined => pod.spec.containers.find((one) => one.name === name);
const envOf = (pod: PodView, of: string, name: string): string | undefined => container(pod, of)?.env?.find((variable) => variable.name === name)?.value;
const inDefault = (pod: PodView): boolean => pod.metadata.namespace === "default";
const named = (namespace: string, prefix: string) => (pod: PodView) => pod.metadata.namespace === namespace && (pod.metadata.name ?? "").startsWith(prefix);
const label = (key: string, value: string) => (pod: PodView) => {
  const found = pod.metadata.labels?.[key];
  return found === value ? undefined : `label ${key} is ${found === undefined ? "absent" : JSON.stringify(found)}, not ${JSON.stringify(value)}`;
};
const ready = (count: number) => (pod: PodView): string | undefined => {
  const states = pod.status?.containerStatuses ?? [];
  const now = `${states.filter((state) => state.ready).length}/${pod.spec.containers.length}`;
  return now === `${count}/${count}` ? undefined : `READY is ${now}, not ${count}/${count}`;
};

/** What the seed documents show, each to be true of the pods in the cluster. */
export const promises: readonly Promised[] = [
  { title: "nginx-test carries io.contiv.network=vlan-202", pods: named("default", "nginx-test-"), broken: label("io.contiv.network", "vlan-202") },
  { title: "nginx-test carries io.contiv.tenant=default", pods: named("default", "nginx-test-"), broken: label("io.contiv.tenant", "default") },
  { title: "nginx-test keeps app=nginx-test", pods: named("default", "nginx-test-"), broken: label("app", "nginx-test") },
  { title: "nginx-test is 1/1", pods: named("default", "nginx-test-"), broken: ready(1), takesTime: true },
  { title: "test-pod has the logtail container", pods: named("default", "test-pod"), broken: (pod) => (container(pod, "logtail") ? undefined : "no container logtail") },
  {
    title: "logtail has TZ=Asia/Shanghai, transferred from nginx",
    pods: named("default", "test-pod"),
    broken: (pod) => (envOf(pod, "logtail", "TZ") === "Asia/Shanghai" ? undefined : `TZ of logtail is ${envOf(pod, "logtail", "TZ") ?? "absent"}`),
  },
  { title: "logtail is marked IS_INJECTED=true", pods: named("default", "test-pod"), broken: (pod) => (envOf(pod, "logtail", "IS_INJECTED") === "true" ? undefined : "IS_INJECTED is absent") },
  {
    title: "logtail mounts nginx-log, which is an emptyDir",
    pods: named("default", "test-pod"),
    broken: (pod) => {
      const mounted = container(pod, "logtail")?.volumeMounts?.some((mount) => mount.name === "nginx-log" && mount.mountPath === "/var/log/nginx");
      if (!mounted) return "nginx-log is not mounted at /var/log/nginx";
      return pod.spec.volumes?.some((volume) => volume.name === "nginx-log" && volume.emptyDir) ? undefined : "there is no emptyDir nginx-log";
    },
  },
  { title: "test-pod is 2/2", pods: named("default", "test-pod"), broken: ready(2), takesTime: true },
  ...["discovery", "pd", "tidb", "tikv"].map(
    (component): Promised => ({
      title: `basic-${component} has network-delay-sidecar with port 2332 and NET_ADMIN`,
      pods: named("tidb-cluster", `basic-${component}-`),
      broken: (pod) => {
        const sidecar = container(pod, "network-delay-sidecar");
        if (!sidecar) return "no container network-delay-sidecar";
        if (!sidecar.ports?.some((port) => port.containerPort === 2332)) return "port 2332 is not exposed";
        return sidecar.securityContext?.capabilities?.add?.includes("NET_ADMIN") ? undefined : "NET_ADMIN is not asked for";
      },
    }),
  ),
  { title: "basic-discovery is 2/2", pods: named("tidb-cluster", "basic-discovery-"), broken: ready(2), takesTime: true },
  { title: "basic-pd is 2/2", pods: named("tidb-cluster", "basic-pd-"), broken: ready(2), takesTime: true },
  { title: "basic-tidb is 3/3", pods: named("tidb-cluster", "basic-tidb-"), broken: ready(3), takesTime: true },
  { title: "basic-tikv is 2/2", pods: named("tidb-cluster", "basic-tikv-"), broken: ready(2), takesTime: true },
  { title: "the network labels stay out of other namespaces", pods: (pod) => !inDefault(pod), broken: (pod) => (pod.metadata.labels?.["io.contiv.network"] === undefined ? undefined : "io.contiv.network is there") },
];

export interface Checked {
  readonly title: string;
  /** What is wrong, pod by pod; empty when kept. */
  readonly broken: readonly string[];
  /** What is broken may still come true. */
  readonly pending: boolean;
}

/** Holds the pods against every promise; a promise about a pod that is not there is broken. */
export function check(pods: readonly PodView[], of: readonly Promised[] = promises): Checked[] {
  return of.map((promised) => {
    const concerned = pods.filter(promised.pods);
    if (concerned.length === 0) return { title: promised.title, broken: ["there is no such pod"], pending: true };
    const broken = concerned.flatMap((pod) => {
      const what = promised.broken(pod);
      return what === undefined ? [] : [`${pod.metadata.namespace}/${pod.metadata.name}: ${what}`];
    });
    return { title: promised.title, broken, pending: broken.length > 0 && promised.takesTime === true };
  });
}
