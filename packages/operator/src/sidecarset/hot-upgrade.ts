import type { Container, Draft } from "../pod/index.ts";
import { WORKING_HOT_UPGRADE_ANNOTATION } from "./names.ts";

const version = (container: string): string => `version.sidecarset.kruise.io/${container}`;
const otherVersion = (container: string): string => `versionalt.sidecarset.kruise.io/${container}`;

/**
 * The two containers of a hot-upgrade sidecar: `X-1` works and `X-2` idles on the empty image, unless the pod's
 * annotation says that they have changed places since.
 */
export function hotUpgradePair(
  emptyImage: string,
  container: Container,
  annotations: Readonly<Record<string, string>>,
): [Container, Container] {
  const working = workingContainer(annotations, container.name) ?? `${container.name}-1`;
  const make = (name: string): Container => ({
    ...container,
    name,
    ...(name === working ? {} : { image: emptyImage }),
    env: [
      ...(container.env ?? []),
      { name: "SIDECARSET_VERSION", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.annotations['${version(name)}']` } } },
      {
        name: "SIDECARSET_VERSION_ALT",
        valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.annotations['${otherVersion(name)}']` } },
      },
    ],
  });
  return [make(`${container.name}-1`), make(`${container.name}-2`)];
}

/** Notes which of the two works, and their versions, where the pod does not say so yet. */
export function writeHotUpgradeState(draft: Draft, name: string, setVersion: string): void {
  const working = workingContainers(draft.annotations);
  if (workingContainer(draft.annotations, name) !== undefined) return;
  working[name] = `${name}-1`;
  const sorted = Object.fromEntries(Object.entries(working).sort(([a], [b]) => (a < b ? -1 : 1)));
  draft.setAnnotation(WORKING_HOT_UPGRADE_ANNOTATION, JSON.stringify(sorted));
  draft.setAnnotation(version(`${name}-1`), setVersion);
  draft.setAnnotation(version(`${name}-2`), "0");
  draft.setAnnotation(otherVersion(`${name}-1`), "0");
  draft.setAnnotation(otherVersion(`${name}-2`), setVersion);
}

/** Which of the pair the pod says works. Any other name would leave both on the empty image: the pod's author could ask for that. */
function workingContainer(annotations: Readonly<Record<string, string>>, name: string): string | undefined {
  const working = workingContainers(annotations);
  const said = Object.hasOwn(working, name) ? working[name] : undefined;
  return said === `${name}-1` || said === `${name}-2` ? said : undefined;
}

/** Sidecar → its working container; nothing where the annotation cannot be read. */
function workingContainers(annotations: Readonly<Record<string, string>>): Record<string, string> {
  try {
    const value: unknown = JSON.parse(annotations[WORKING_HOT_UPGRADE_ANNOTATION] ?? "{}");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...(value as Record<string, string>) } : {};
  } catch {
    return {};
  }
}
