import type { KubeObject } from "@outrigger/kit/api";
import type { AdmissionAttributes, ClusterReader } from "../registry/index.ts";
import { type AdmissionPlugin, concerns, refuse, specOf, withSpec } from "./plugin.ts";

const GROUP = "scheduling.k8s.io";
/** Classes that every cluster has, whether or not their objects were made. */
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

interface Priority {
  readonly className: string;
  readonly value: number;
  readonly preemptionPolicy: string;
}

/** Gives pods the priority of their class, or of the default one, and allows one default. After `plugin/pkg/admission/priority`. */
export function priority(reader: ClusterReader): AdmissionPlugin {
  const byClass = (pod: AdmissionAttributes, className: string): Priority => {
    const found = reader.get(GROUP, "priorityclasses", { name: className });
    const value = (found?.["value"] as number | undefined) ?? SYSTEM_CLASSES[className];
    if (value === undefined) throw refuse(pod, `no PriorityClass with name ${className} was found`);
    return { className, value, preemptionPolicy: (found?.["preemptionPolicy"] as string | undefined) ?? "PreemptLowerPriority" };
  };
  const byDefault = (): Priority => {
    // Of several defaults (which a race can make) the lowest counts.
    const [found] = defaults(reader).sort((a, b) => Number(a["value"]) - Number(b["value"]));
    const preemptionPolicy = (found?.["preemptionPolicy"] as string | undefined) ?? "PreemptLowerPriority";
    return { className: found?.metadata.name ?? "", value: Number(found?.["value"] ?? 0), preemptionPolicy };
  };
  return {
    name: "Priority",
    admit(attributes) {
      const { object, operation, oldObject } = attributes;
      if (!object || !concerns(attributes, "", "pods")) return;
      const spec = specOf(object);
      if (operation === "UPDATE") {
        const old = oldObject ? specOf(oldObject) : {};
        const kept = ["priority", "preemptionPolicy"].filter((field) => spec[field] === undefined && old[field] !== undefined);
        if (kept.length > 0) attributes.object = withSpec(object, Object.fromEntries(kept.map((field) => [field, old[field]])));
        return;
      }
      if (operation !== "CREATE") return;
      const asked = spec["priorityClassName"] as string | undefined;
      const { className, value, preemptionPolicy } = asked ? byClass(attributes, asked) : byDefault();
      const because = "must not be provided in pod spec; priority admission controller computed";
      if (spec["priority"] !== undefined && spec["priority"] !== value) {
        throw refuse(
          attributes,
          `the integer value of priority (${spec["priority"]}) ${because} ${value} from the given PriorityClass name`,
        );
      }
      if (spec["preemptionPolicy"] !== undefined && spec["preemptionPolicy"] !== preemptionPolicy) {
        const given = spec["preemptionPolicy"];
        throw refuse(
          attributes,
          `the string value of PreemptionPolicy (${given}) ${because} ${preemptionPolicy} from the given PriorityClass name`,
        );
      }
      attributes.object = withSpec(object, { ...(className ? { priorityClassName: className } : {}), priority: value, preemptionPolicy });
    },
    validate(attributes) {
      const { object, operation } = attributes;
      if (object?.["globalDefault"] !== true || !concerns(attributes, GROUP, "priorityclasses")) return;
      const other = defaults(reader)[0];
      if (!other || (operation === "UPDATE" && other.metadata.name === object.metadata.name)) return;
      throw refuse(attributes, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`);
    },
  };
}

const defaults = (reader: ClusterReader): KubeObject[] =>
  reader.list(GROUP, "priorityclasses").filter((candidate) => candidate["globalDefault"] === true);
