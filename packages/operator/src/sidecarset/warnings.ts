import { PRIORITY_VARIABLE } from "../pod/index.ts";
import { canaryBase } from "./canary.ts";
import { conflicts } from "./conflicts.ts";
import {
  CANARY_ANNOTATION,
  FAILURE_POLICY_ANNOTATION,
  ON_CONFLICT_ANNOTATION,
  REPAIR_ANNOTATION,
  RUN_AS_ANNOTATION,
  VOLUMES_ANNOTATION,
} from "./names.ts";
import { NATIVE_SIDECAR, runsNative } from "./run-as.ts";
import type { SidecarContainer, SidecarSet, SidecarSetSpec } from "./set.ts";

/** Kubernetes asks for warnings of at most 120 characters. */
const LONGEST = 120;

/**
 * What a set says that is accepted and yet does not do what one might expect: for the API answer, which kubectl prints.
 *
 * @param set valid, with its defaults
 * @param others all sets of the cluster
 * @returns one line each, starting with the field
 */
export function warnOf(set: SidecarSet, others: readonly SidecarSet[]): string[] {
  return [...withoutEffect(set), ...ofConflicts(set, others)].map(short);
}

/**
 * The warnings that come from the set alone, whole: for its condition.
 *
 * - Values that kruise takes and clusters have, with what they mean.
 * - Fields that have no effect beside what the set says otherwise.
 */
export function withoutEffect(set: SidecarSet): string[] {
  const { spec } = set;
  return [
    ...ofAnnotations(set),
    ...ofInjection(spec),
    ...ofUpdates(spec),
    ...ofVolumes(spec),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, index) =>
      name ? [] : [`spec.imagePullSecrets[${index}].name: empty: names no secret`],
    ),
    ...ofMetadata(spec),
    ...(["containers", "initContainers"] as const).flatMap((list) =>
      (spec[list] ?? []).flatMap((container, index) => ofContainer(container, `spec.${list}[${index}]`, list === "initContainers")),
    ),
  ];
}

function short(line: string): string {
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}

function ofAnnotations(set: SidecarSet): string[] {
  const annotations = set.metadata.annotations ?? {};
  const lines: string[] = [];
  const known = (key: string, values: readonly string[]): void => {
    const value = annotations[key];
    if (value !== undefined && !values.includes(value))
      lines.push(`annotation ${key}: ${value} has no effect; it can be ${values.join(" or ")}`);
  };
  known(ON_CONFLICT_ANNOTATION, ["replace"]);
  known(VOLUMES_ANNOTATION, ["own"]);
  known(FAILURE_POLICY_ANNOTATION, ["Fail", "Ignore"]);
  known(REPAIR_ANNOTATION, ["evict"]);
  known(RUN_AS_ANNOTATION, [NATIVE_SIDECAR]);
  if (runsNative(set) && (set.spec.containers ?? []).length === 0)
    lines.push(`annotation ${RUN_AS_ANNOTATION} has no effect: the set has no containers`);
  for (const key of Object.keys(annotations))
    if (key.startsWith("outrigger.dev/") && !OUR_ANNOTATIONS.has(key)) lines.push(`annotation ${key} has no effect on a SidecarSet`);
  if (annotations[CANARY_ANNOTATION] !== undefined && canaryBase(set) === undefined)
    lines.push(`annotation ${CANARY_ANNOTATION} has no effect: say "true", and the base`);
  return lines;
}

const OUR_ANNOTATIONS: ReadonlySet<string> = new Set([
  ON_CONFLICT_ANNOTATION,
  VOLUMES_ANNOTATION,
  FAILURE_POLICY_ANNOTATION,
  REPAIR_ANNOTATION,
  RUN_AS_ANNOTATION,
]);

function ofInjection({ injectionStrategy = {} }: SidecarSetSpec): string[] {
  const { paused, revision } = injectionStrategy;
  if (revision === undefined) return [];
  return [
    ...(paused === true ? ["spec.injectionStrategy.revision: no effect while injection is paused"] : []),
    ...(revision.revisionName !== undefined && revision.customVersion !== undefined
      ? ["spec.injectionStrategy.revision.customVersion: no effect beside revisionName"]
      : []),
  ];
}

function ofUpdates({ updateStrategy: strategy = {}, injectionStrategy }: SidecarSetSpec): string[] {
  const path = "spec.updateStrategy";
  const { type, paused, selector, partition, maxUnavailable, priorityStrategy, scatterStrategy } = strategy;
  if (type === "NotUpdate") {
    const pinned = injectionStrategy?.revision;
    const idle = {
      paused: paused === true && pinned === undefined,
      selector: selector !== undefined && pinned?.policy !== "Partial",
      partition: partition !== undefined && partition !== 0 && pinned?.policy !== "Partial",
      maxUnavailable: maxUnavailable !== undefined && maxUnavailable !== 1,
      priorityStrategy: priorityStrategy !== undefined,
      scatterStrategy: (scatterStrategy?.length ?? 0) > 0,
    };
    const fields = Object.entries(idle).flatMap(([field, is]) => (is ? [field] : []));
    return fields.map((field) => `${path}.${field}: no effect while type is NotUpdate`);
  }
  return [
    ...(isNone(maxUnavailable)
      ? [`${path}.maxUnavailable: ${maxUnavailable}: only pods that are not ready are updated; ready ones never`]
      : []),
    ...(["partition", "maxUnavailable"] as const).flatMap((field) => {
      const value = strategy[field];
      return typeof value === "string" && Number.parseInt(value, 10) > 100 ? [`${path}.${field}: ${value} is taken as 100%`] : [];
    }),
  ];
}

function isNone(value: number | string | undefined): boolean {
  return value === 0 || (typeof value === "string" && /^0+%$/.test(value));
}

function ofVolumes({ volumes = [], containers = [], initContainers = [] }: SidecarSetSpec): string[] {
  const used = new Set(
    [...containers, ...initContainers].flatMap(({ volumeMounts = [], volumeDevices = [] }) =>
      [...volumeMounts, ...volumeDevices].map(({ name }) => name),
    ),
  );
  return volumes.flatMap(({ name }, index) =>
    used.has(name) ? [] : [`spec.volumes[${index}]: no effect: no container of the set mounts ${name}`],
  );
}

function ofMetadata({ patchPodMetadata = [] }: SidecarSetSpec): string[] {
  return patchPodMetadata.flatMap(({ annotations = {}, patchPolicy }, index) =>
    patchPolicy !== "MergePatchJson"
      ? []
      : Object.entries(annotations).flatMap(([key, value]) =>
          isJsonObject(value)
            ? []
            : [`spec.patchPodMetadata[${index}].annotations[${key}]: no JSON object: pods that have it cannot be merged into`],
        ),
  );
}

function ofContainer(container: SidecarContainer, path: string, init: boolean): string[] {
  const { upgradeStrategy, transferEnv = [], resourcesPolicy, env = [], restartPolicy } = container;
  const lines: string[] = [];
  const hot = upgradeStrategy?.upgradeType === "HotUpgrade";
  if (!hot && upgradeStrategy?.hotUpgradeEmptyImage) lines.push(`${path}.upgradeStrategy.hotUpgradeEmptyImage: no effect with ColdUpgrade`);
  if (hot && init && restartPolicy !== "Always") lines.push(`${path}.upgradeStrategy: HotUpgrade has no effect on a plain init container`);
  transferEnv.forEach(({ sourceContainerName, sourceContainerNameFrom, envName, envNames = [] }, index) => {
    const at = `${path}.transferEnv[${index}]`;
    if (!envName && envNames.every((name) => name === "")) lines.push(`${at}: no effect: it names no variable`);
    else if (!sourceContainerName && sourceContainerNameFrom === undefined) lines.push(`${at}: no effect: it names no container`);
    if (sourceContainerName && sourceContainerNameFrom !== undefined)
      lines.push(`${at}.sourceContainerName: no effect beside sourceContainerNameFrom`);
  });
  const expressions = Object.values(resourcesPolicy?.resourcesExpr ?? {}).flatMap((list) => Object.values(list ?? {}));
  if (resourcesPolicy !== undefined && expressions.every((text) => text === ""))
    lines.push(`${path}.resourcesPolicy: no expression: it sets no resources`);
  if (env.some(({ name }) => name === PRIORITY_VARIABLE))
    lines.push(`${path}.env: ${PRIORITY_VARIABLE} has no effect: containers start without priorities`);
  return lines;
}

function ofConflicts(set: SidecarSet, others: readonly SidecarSet[]): string[] {
  return others.flatMap((other) =>
    conflicts(set, [other], "taken").map(({ field }) => `${field}: clashes with SidecarSet ${other.metadata.name} in pods that match both`),
  );
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
