import { type AdmissionPlugin, concerns, specOf, withSpec } from "./plugin.ts";

interface Toleration {
  readonly key?: string;
  readonly effect?: string;
}
const TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
/** Seconds that a pod stays on a node that went away, unless it says otherwise. */
const SECONDS = 300;

/** Pods stay five minutes on a node that is not ready or unreachable. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  admit(attributes) {
    const { object, operation } = attributes;
    if (!object || !concerns(attributes, "", "pods") || (operation !== "CREATE" && operation !== "UPDATE")) return;
    const tolerations = (specOf(object)["tolerations"] as Toleration[] | undefined) ?? [];
    const added = TAINTS.filter(
      (taint) => !tolerations.some(({ key, effect }) => (!key || key === taint) && (!effect || effect === "NoExecute")),
    ).map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: SECONDS }));
    if (added.length > 0) attributes.object = withSpec(object, { tolerations: [...tolerations, ...added] });
  },
};
