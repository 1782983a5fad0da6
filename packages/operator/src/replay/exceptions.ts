import type { KubeObject } from "@outrigger/kit/api";
import type { Container, Pod } from "../pod/index.ts";
import { ON_CONFLICT_ANNOTATION } from "../sidecarset/index.ts";

/** A difference from kruise that is on purpose: which cases it touches, what is compared instead, and why. */
export interface Exception {
  /** The case's name, `*` at the end for any. */
  readonly cases: readonly string[];
  readonly reason: string;
  /** Compared after this on both sides. */
  readonly normalise?: (pod: Pod) => Pod;
  /** The sets as a user would write them to get kruise's behaviour; without it our own must be `otherwise`. */
  readonly askForIt?: (set: KubeObject) => KubeObject;
  /** Our validation refuses the set at this field; a set that was there already does to pods what it did, or not. */
  readonly setRefused?: { readonly field: string; readonly whenThereAlready: "alike" | "unlike" };
  readonly excludedNamespaces?: readonly string[];
  /** What we do when nobody asked for kruise's way. */
  readonly otherwise?: "refused" | "untouched";
}

export const EXCEPTIONS: readonly Exception[] = [
  {
    cases: ["clash-app-container", "share-mounts-clashing-app", "hot-upgrade-name-clash"],
    reason:
      "a sidecar with the name of an app container is refused; kruise replaces the app. outrigger.dev/on-conflict: replace gives kruise's pod",
    askForIt: (set) => ({
      ...set,
      metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, [ON_CONFLICT_ANNOTATION]: "replace" } },
    }),
    otherwise: "refused",
  },
  {
    cases: ["share-mounts-clashing-app"],
    reason:
      "a sidecar that replaces an app container gets none of its mounts; a second call, which no longer sees that container, would take them away in kruise",
    normalise: (pod) => withContainers(pod, "containers", (containers) => containers.map(withoutMountsOfInjected)),
  },
  {
    cases: ["skip-kube-system"],
    reason: "pods of kube-system, kube-public and kube-node-lease get nothing injected unless the manager is told otherwise",
    excludedNamespaces: [],
    otherwise: "untouched",
  },
  {
    cases: ["init-order-*"],
    reason: "init containers keep the order in which the sets write them; kruise sorts them by name (its issue 1484)",
    normalise: (pod) => withContainers(pod, "initContainers", sortRunsByName),
  },
  {
    cases: ["order-three-sets"],
    reason: "sets act in the order of their names; kruise's order is random and did not happen to come out so",
    normalise: (pod) => withContainers(pod, "containers", sortRunsByName),
  },
  {
    cases: ["gate-sort-by-name"],
    reason: "sets act in the order of their names; the feature gate that sorts containers by name is not offered",
    normalise: (pod) => withContainers(pod, "containers", (containers) => sorted(containers)),
  },
  {
    cases: ["resources-expr-bad-unit"],
    reason: "a unit that does not exist is refused with the set; kruise takes the amount for nothing",
    setRefused: { field: "resourcesPolicy", whenThereAlready: "unlike" },
  },
  ...stricter(
    "two sets that can match the same pod are refused where the containers of one would take the names of the other's in the pod",
    {
      "hot-suffix-two-sets": "spec.containers[0].name",
      "init-and-container-two-sets": "spec.containers[0].name",
    },
  ),
  ...stricter("a word that means nothing is refused; kruise accepts it and does nothing", {
    "init-policies-unknown": "spec.initContainers[0].podInjectPolicy",
    "metadata-unknown-policy": "spec.patchPodMetadata[0].patchPolicy",
    "upgradetype-unknown": "spec.containers[0].upgradeStrategy.upgradeType",
  }),
  {
    cases: ["gate-pod-readiness", "pod-owned-by-kruise"],
    reason: "the readiness gate KruisePodReady is not added: without kruise nobody would set its condition",
    normalise: (pod) => ({ ...pod, spec: omit(pod.spec, "readinessGates") }),
  },
  {
    cases: ["reinject-stored-pod-hot-upgrade"],
    reason: "a pod of HotUpgrade keeps its state when it is created again; kruise resets it",
    normalise: (pod) => ({
      ...pod,
      metadata: {
        ...pod.metadata,
        annotations: Object.fromEntries(
          Object.entries(pod.metadata.annotations ?? {}).filter(([key]) => !/^version(alt)?\.sidecarset\.kruise\.io\//.test(key)),
        ),
      },
    }),
  },
];

/** Cases whose sets our validation refuses at a field; had they been there before, their pods would be kruise's. */
function stricter(reason: string, fields: Readonly<Record<string, string>>): Exception[] {
  return Object.entries(fields).map(([name, field]) => ({ cases: [name], reason, setRefused: { field, whenThereAlready: "alike" } }));
}

export function exceptionsOf(name: string): readonly Exception[] {
  return EXCEPTIONS.filter(({ cases }) =>
    cases.some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern)),
  );
}

function withContainers(
  pod: Pod,
  list: "containers" | "initContainers",
  change: (containers: readonly Container[]) => readonly Container[],
): Pod {
  const containers = pod.spec[list];
  return containers === undefined ? pod : { ...pod, spec: { ...pod.spec, [list]: change(containers) } };
}

function withoutMountsOfInjected(container: Container): Container {
  return container.env?.some((variable) => variable.name === "IS_INJECTED") ? omit(container, "volumeMounts") : container;
}

/** Injected containers that stand together, by name; those of the pod stay where they are. */
function sortRunsByName(containers: readonly Container[]): readonly Container[] {
  const result: Container[] = [];
  let run: Container[] = [];
  for (const container of containers) {
    if (container.env?.some((variable) => variable.name === "IS_INJECTED")) run.push(container);
    else {
      result.push(...sorted(run), container);
      run = [];
    }
  }
  return [...result, ...sorted(run)];
}

function sorted(containers: readonly Container[]): Container[] {
  return [...containers].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function omit<T extends object>(object: T, field: keyof T): T {
  const { [field]: _, ...rest } = object;
  return rest as T;
}
