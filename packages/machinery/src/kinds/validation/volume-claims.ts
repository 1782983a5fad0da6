import { readQuantity } from "./amounts.ts";
import { type Fields, object, optionalText, text, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { subdomainName } from "./formats.ts";
import { findInSelector } from "./label-selectors.ts";

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** The spec of a PersistentVolumeClaim, also where it is a template. */
export function findInClaimSpec(found: Findings, spec: Fields, path: string): void {
  const modes = texts(spec, "accessModes");
  if (modes.length === 0) found.required(`${path}.accessModes`, "at least 1 access mode is required");
  findInSelector(found, spec, "selector", `${path}.selector`);
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) found.notSupported(`${path}.accessModes`, mode, ACCESS_MODES);
  if (modes.includes("ReadWriteOncePod") && modes.some((mode) => mode !== "ReadWriteOncePod" && ACCESS_MODES.includes(mode))) {
    found.forbidden(`${path}.accessModes`, "may not use ReadWriteOncePod with other access modes");
  }
  const storage = object(object(spec, "resources"), "requests")?.["storage"];
  const at = `${path}.resources[storage]`;
  if (storage === undefined) found.required(at);
  else if (readQuantity(found, storage, at).sign <= 0) found.invalid(at, String(storage), "must be greater than zero");
  for (const field of ["storageClassName", "volumeAttributesClassName"]) {
    const name = text(spec, field);
    if (name !== "") found.invalidEach(`${path}.${field}`, name, subdomainName(name, false));
  }
  const volumeMode = optionalText(spec, "volumeMode");
  if (volumeMode !== undefined && volumeMode !== "Block" && volumeMode !== "Filesystem") {
    found.notSupported(`${path}.volumeMode`, volumeMode, ["Block", "Filesystem"]);
  }
}
