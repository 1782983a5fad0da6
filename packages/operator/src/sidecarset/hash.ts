import { createHash } from "node:crypto";
import { goJson, goSidecar } from "./go-json.ts";
import type { SidecarContainer, SidecarSetSpec } from "./set.ts";

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/**
 * The hash that says which version of a set's containers a pod carries. Bytes of the hexadecimal SHA-256 through the
 * alphabet that Kubernetes uses for safe names. A set taken over from kruise keeps its hash, or every pod would look
 * outdated. Source: kruise pkg/control/sidecarcontrol, recorded sets.
 */
export function hashSidecarSet(spec: SidecarSetSpec): string {
  return digest(spec, false);
}

/** The same without images: equal hashes mean that an update in place is possible. */
export function hashWithoutImage(spec: SidecarSetSpec): string {
  return digest(spec, true);
}

function digest(spec: SidecarSetSpec, withoutImage: boolean): string {
  const write = (containers: readonly SidecarContainer[] | undefined): SidecarContainer[] | null =>
    containers === undefined || containers.length === 0
      ? null
      : containers.map((container) => goSidecar(withoutImage ? { ...container, image: "" } : container, true));
  const native = spec.initContainers?.some((container) => container.restartPolicy === "Always") === true;
  const data = { containers: write(spec.containers), ...(native ? { initContainers: write(spec.initContainers) } : {}) };
  return safeEncode(createHash("sha256").update(goJson(data)).digest("hex"));
}

/** Each byte of the text as one of 27 characters that form no words. */
export function safeEncode(text: string): string {
  let encoded = "";
  for (let index = 0; index < text.length; index++) encoded += ALPHABET[text.charCodeAt(index) % 27]!;
  return encoded;
}
