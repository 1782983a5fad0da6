import { type Cause, labelSelectorProblems } from "@outrigger/kit/api";
import { validatePodSpec } from "@outrigger/machinery/kinds";
import { canaryBase } from "./canary.ts";
import { conflicts } from "./conflicts.ts";
import { BASE_ANNOTATION } from "./names.ts";
import { runsNative, validateRunAs } from "./run-as.ts";
import type { LabelSelector, SidecarContainer, SidecarSet, SidecarSetSpec } from "./set.ts";
import { validateSidecars } from "./validate-sidecars.ts";
import { validateInjection, validatePatchPodMetadata, validateUpdateStrategy } from "./validate-strategies.ts";

export interface SidecarSetSurroundings {
  /** The other sets of the cluster, in v1beta1. */
  readonly others?: readonly SidecarSet[];
  /** The value of `SidecarSet_PatchPodMetadata_WhiteList` in kruise's configuration ConfigMap; absent where there is none. */
  readonly whitelist?: string;
  /** The set before an update. */
  readonly old?: SidecarSet;
  /** Whether the revision that `injectionStrategy` asks for is there. Absent: nobody can say, and nothing is refused for it. */
  readonly revisionFound?: boolean;
  /** Whether the cluster runs native sidecars. Absent: nobody can say, and nothing is refused for it. */
  readonly nativeSidecars?: boolean;
}

/**
 * Everything wrong with a set that has its defaults, each with its field's path; empty when it is good.
 * Source: kruise pkg/webhook/sidecarset/validating, and what stands in the specification under "Where kruise is silent".
 */
export function validateSidecarSet(set: SidecarSet, surroundings: SidecarSetSurroundings = {}): Cause[] {
  const { others = [], whitelist, old, revisionFound, nativeSidecars } = surroundings;
  const { spec } = set;
  const causes = [
    ...validateName(set),
    ...validateSelector(spec.selector, "spec.selector", true),
    ...validateSelector(spec.namespaceSelector, "spec.namespaceSelector", false),
    ...validateCanary(set, others, old),
    ...validateInjection(spec, revisionFound),
    ...validateUpdateStrategy(spec),
    ...validatePatchPodMetadata(set, whitelist),
    ...validateSidecars(spec),
    ...validateRunAs(set, nativeSidecars),
    ...validateAsPod(spec, runsNative(set)),
  ];
  if (old !== undefined) causes.push(...validateUpgradeTypes(spec, old.spec));
  // Names that are wrong in themselves need not be compared with other sets.
  return causes.length > 0 ? causes : conflicts(set, others, "refused");
}

function validateName({ metadata }: SidecarSet): Cause[] {
  const { name = "" } = metadata;
  if (name === "" || (/^[a-zA-Z0-9-]+$/.test(name) && name.length <= 63)) return [];
  const rule =
    name.length > 63
      ? "must have at most 63 characters: the names of its revisions are made of it"
      : "must consist of letters, digits and '-'";
  return [invalid("metadata.name", name, rule)];
}

function validateSelector(selector: LabelSelector | undefined, field: string, required: boolean): Cause[] {
  if (selector === undefined || selector === null) {
    return required
      ? [
          {
            reason: "FieldValueRequired",
            field,
            message: "Required value: a SidecarSet says by matchLabels or matchExpressions which pods it is for",
          },
        ]
      : [];
  }
  if (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0) {
    const fix = required ? "an empty selector would match every pod; name a label" : "leave it out for every namespace";
    return [invalid(field, selector, `an empty selector is not valid; ${fix}`)];
  }
  return labelSelectorProblems(selector, field);
}

function validateCanary(set: SidecarSet, others: readonly SidecarSet[], old: SidecarSet | undefined): Cause[] {
  const base = canaryBase(set);
  if (base === undefined) return [];
  const field = `metadata.annotations[${BASE_ANNOTATION}]`;
  const causes: Cause[] = [];
  const found = others.find((other) => other.metadata.name === base);
  if (base === set.metadata.name) causes.push(invalid(field, base, "a set cannot stand in for itself"));
  else if (found === undefined) causes.push(invalid(field, base, "there is no SidecarSet of this name to stand in for"));
  else if (canaryBase(found) !== undefined)
    causes.push(invalid(field, base, "that set is a canary itself; name the set that it stands in for"));
  if (old !== undefined && old.metadata.annotations?.[BASE_ANNOTATION] !== base)
    causes.push(invalid(field, base, "the base of a canary cannot be changed; make another set"));
  if (set.spec.updateStrategy?.type !== "NotUpdate")
    causes.push(invalid("spec.updateStrategy.type", set.spec.updateStrategy?.type ?? "", "a canary set only injects; write NotUpdate"));
  return causes;
}

/** Core validation of containers and volumes, as if they were a pod's own. */
function validateAsPod(spec: SidecarSetSpec, native: boolean): Cause[] {
  const { containers = [], initContainers = [], volumes } = spec;
  if (containers.length + initContainers.length === 0) {
    return [
      {
        reason: "FieldValueRequired",
        field: "spec.containers",
        message: "Required value: a SidecarSet needs a container or an init container",
      },
    ];
  }
  const sidecars = native ? containers.map((container) => ({ ...core(container), restartPolicy: "Always" })) : [];
  const ordinary = native ? [] : containers.map(core);
  const inits = [...sidecars, ...initContainers.map(core)];
  const standIn = {
    name: "outrigger-stand-in",
    image: "none",
    imagePullPolicy: "IfNotPresent",
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    resources: {},
  };
  const pod = {
    containers: ordinary.length === 0 ? [standIn] : ordinary,
    ...(inits.length === 0 ? {} : { initContainers: inits }),
    ...(volumes === undefined ? {} : { volumes }),
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    terminationGracePeriodSeconds: 30,
    schedulerName: "default-scheduler",
    securityContext: {},
  };
  const causes = validatePodSpec(pod as Record<string, unknown>, "spec");
  return native ? causes.map((cause) => ({ ...cause, field: fieldInSet(cause.field ?? "", sidecars.length) })) : causes;
}

/** The field of the set for a field of a pod whose first init containers are the set's containers. */
function fieldInSet(field: string, sidecars: number): string {
  return field.replace(/^spec\.initContainers\[(\d+)\]/, (_, index: string) =>
    Number(index) < sidecars ? `spec.containers[${index}]` : `spec.initContainers[${Number(index) - sidecars}]`,
  );
}

const OWN_FIELDS = [
  "podInjectPolicy",
  "upgradeStrategy",
  "shareVolumePolicy",
  "shareVolumeDevicePolicy",
  "transferEnv",
  "resourcesPolicy",
] as const;

function core(container: SidecarContainer): Record<string, unknown> {
  const bare: Record<string, unknown> = { ...container };
  for (const field of OWN_FIELDS) delete bare[field];
  return bare;
}

function validateUpgradeTypes(spec: SidecarSetSpec, old: SidecarSetSpec): Cause[] {
  return (spec.containers ?? []).flatMap((container, index) => {
    const before = old.containers?.find(({ name }) => name === container.name);
    const [was, is] = [before?.upgradeStrategy?.upgradeType || "ColdUpgrade", container.upgradeStrategy?.upgradeType || "ColdUpgrade"];
    if (before === undefined || was === is) return [];
    return [
      invalid(
        `spec.containers[${index}].upgradeStrategy.upgradeType`,
        is,
        `it is ${was} and cannot be changed; use a container of another name`,
      ),
    ];
  });
}

function invalid(field: string, value: unknown, why: string): Cause {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}
