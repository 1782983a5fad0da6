import { type AdmissionPlugin, concerns, specOf, withSpec } from "./plugin.ts";

const NOT_READY = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

/** A new node takes no pods until somebody finds it ready. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  admit(attributes) {
    const { object } = attributes;
    if (!object || attributes.operation !== "CREATE" || !concerns(attributes, "", "nodes")) return;
    const taints = (specOf(object)["taints"] as { key?: string; effect?: string }[] | undefined) ?? [];
    if (taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)) return;
    attributes.object = withSpec(object, { taints: [...taints, NOT_READY] });
  },
};
