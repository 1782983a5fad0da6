import type { KubeObject } from "@outrigger/kit/api";

interface Requirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}
interface ScopedSpec {
  readonly scopes?: readonly string[];
  readonly scopeSelector?: { readonly matchExpressions?: readonly Requirement[] } | undefined;
}
interface Resourceful {
  readonly resources?: { readonly requests?: Readonly<Record<string, unknown>>; readonly limits?: Readonly<Record<string, unknown>> };
}
interface PodSpec {
  readonly activeDeadlineSeconds?: number;
  readonly priorityClassName?: string;
  readonly containers?: readonly Resourceful[];
  readonly initContainers?: readonly Resourceful[];
  readonly resources?: Resourceful["resources"];
  readonly affinity?: Readonly<Record<string, unknown>>;
}

/** Whether a quota counts an object: scopes are about pods (and classes of volume attributes, which nothing here has). */
export function inScope(spec: ScopedSpec, group: string, plural: string, object: KubeObject): boolean {
  const requirements = [
    ...(spec.scopes ?? []).map((scopeName): Requirement => ({ scopeName, operator: "Exists" })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ];
  if (requirements.length === 0) return true;
  if (group !== "" || plural !== "pods") return false;
  return requirements.every((requirement) => matches(requirement, (object["spec"] as PodSpec | undefined) ?? {}));
}

function matches({ scopeName, operator, values = [] }: Requirement, spec: PodSpec): boolean {
  switch (scopeName) {
    case "Terminating":
      return spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;
    case "NotTerminating":
      return spec.activeDeadlineSeconds === undefined;
    case "BestEffort":
      return isBestEffort(spec);
    case "NotBestEffort":
      return !isBestEffort(spec);
    case "CrossNamespacePodAffinity":
      return /"namespace(?:s|Selector)":(?!\[\]|null)/.test(JSON.stringify(spec.affinity ?? {}));
    case "PriorityClass": {
      const name = spec.priorityClassName ?? "";
      if (operator === "In") return values.includes(name);
      if (operator === "NotIn") return !values.includes(name);
      return operator === "Exists" ? name !== "" : name === "";
    }
    default:
      return false;
  }
}

function isBestEffort({ containers = [], initContainers = [], resources }: PodSpec): boolean {
  return [...containers, ...initContainers, { resources }].every(
    (one) =>
      !["cpu", "memory"].some((name) => one.resources?.requests?.[name] !== undefined || one.resources?.limits?.[name] !== undefined),
  );
}
