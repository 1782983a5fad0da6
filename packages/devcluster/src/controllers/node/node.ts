import { isDeepStrictEqual } from "node:util";
import { objectKey } from "@outrigger/kit/api";
import { controller, startController } from "@outrigger/kit/controller";
import { Node } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { againAfterConflict, difference, MANAGER, timestamp } from "../writes.ts";

type Taint = NonNullable<NonNullable<Node["spec"]>["taints"]>[number];

/** Taints that conditions bring, by condition and status (`nodelifecycle.nodeConditionToTaintKeyStatusMap`). */
const TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: "node.kubernetes.io/not-ready", Unknown: "node.kubernetes.io/unreachable" },
  MemoryPressure: { True: "node.kubernetes.io/memory-pressure" },
  DiskPressure: { True: "node.kubernetes.io/disk-pressure" },
  NetworkUnavailable: { True: "node.kubernetes.io/network-unavailable" },
  PIDPressure: { True: "node.kubernetes.io/pid-pressure" },
};
/** How long kubelets may keep what they read, as small clusters say it (`pkg/controller/ttl`). */
const TTL = "node.alpha.kubernetes.io/ttl";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
const OWN = new Set([UNSCHEDULABLE, ...Object.values(TAINTS).flatMap((keys) => Object.values(keys))]);

/** Keeps pods off nodes that are not ready, under pressure or cordoned, by taints. Nodes that fall silent are left alone. */
export const nodeLoop: Loop = ({ client, informers, log, reporter }) => {
  const registered = new Set<string>();
  const events = reporter("node-controller");
  const loop = controller(Node, { name: "node-lifecycle-controller", fieldManager: MANAGER }).reconcile(
    againAfterConflict(async (node, ctx) => {
      const { name, uid } = node.metadata;
      if (!registered.has(uid)) {
        registered.add(uid);
        events.event(node, "RegisteredNode", `Node ${name} event: Registered Node ${name} in Controller`);
      }
      const taints = taintsOf(node);
      const labels = { ...node.metadata.labels, ...olderLabels(node) };
      const annotations = { [TTL]: "0", ...node.metadata.annotations };
      if (isDeepStrictEqual([taints, labels, annotations], [node.spec?.taints ?? [], node.metadata.labels, node.metadata.annotations]))
        return;
      await ctx.patch(
        Node,
        objectKey(node),
        difference(node, {
          ...node,
          metadata: { ...node.metadata, labels, annotations },
          spec: { ...node.spec, taints: taints.length > 0 ? taints : undefined },
        } as Node),
      );
    }),
  );
  return startController(loop, { client, informers, log });
};

function taintsOf({ spec, status }: Node): readonly Taint[] {
  const keys = (status?.conditions ?? []).flatMap(({ type, status: value }) => TAINTS[type]?.[value] ?? []);
  if (spec?.unschedulable) keys.push(UNSCHEDULABLE);
  const present = spec?.taints ?? [];
  // A node that has not reported yet keeps the taint that it was admitted with.
  if (!status?.conditions?.some(({ type }) => type === "Ready")) return present;
  const kept = present.filter(({ key, effect }) => effect !== "NoSchedule" || !OWN.has(key) || keys.includes(key));
  const missing = keys.filter((key) => !kept.some((taint) => taint.key === key && taint.effect === "NoSchedule"));
  return [...kept, ...missing.map((key) => ({ key, effect: "NoSchedule", timeAdded: timestamp() }) as Taint)];
}

/** Operating system and architecture under their older names too. */
function olderLabels({ metadata }: Node): Record<string, string> {
  const pairs = ["os", "arch"].flatMap((name) => {
    const value = metadata.labels?.[`kubernetes.io/${name}`];
    return value === undefined ? [] : [[`beta.kubernetes.io/${name}`, value] as const];
  });
  return Object.fromEntries(pairs);
}
