import { Quantity } from "@outrigger/kit/api";
import { goStruct, schemaName } from "@outrigger/kit/kinds";
import type { SchemaNode } from "@outrigger/kit/schema";
import { kinds } from "@outrigger/machinery/kinds";
import type { Volume } from "../pod/index.ts";
import type { SidecarContainer } from "./set.ts";

/** Whether a pointer that Go writes as `null` stands as null in the result (for hashing) or is left out. */
type Nulls = boolean;
type Json = Record<string, unknown>;

/**
 * A sidecar as Go's encoding/json would write it after decoding it into kruise's struct: the core container's fields in
 * Go's order, then kruise's; empty ones gone, amounts canonical, unknown fields dropped. The hash of a set is made of
 * these bytes.
 */
export function goSidecar(container: SidecarContainer, nulls: Nulls): SidecarContainer {
  const core = kinds().byKind("", "v1", "Pod")?.schema.properties?.["spec"]?.properties?.["containers"]?.items;
  return { ...goCore(core ?? {}, container, nulls), ...goOwn(OWN, container as unknown as Json, nulls) } as unknown as SidecarContainer;
}

/** A volume in the same way. An absent claim template's time is written as null, as Go writes the zero time. */
export function goVolume(volume: Volume): Volume {
  const items = kinds().byKind("", "v1", "Pod")?.schema.properties?.["spec"]?.properties?.["volumes"]?.items;
  const written = goCore(items ?? {}, volume, false) as Volume & { ephemeral?: { volumeClaimTemplate?: { metadata?: Json } } };
  const template = written.ephemeral?.volumeClaimTemplate;
  if (template !== undefined) template.metadata = { creationTimestamp: null, ...template.metadata };
  return written;
}

/** A value of one of Kubernetes' own types. */
function goCore(node: SchemaNode, value: object, nulls: Nulls): Json {
  const struct = goStruct(node);
  const result: Json = {};
  for (const field of struct?.order ?? []) {
    const child = node.properties?.[field];
    if (child === undefined) continue;
    const written = goField(child, (value as Json)[field], struct?.pointers.has(field) === true, nulls);
    if (written !== undefined) result[field] = written;
  }
  return result;
}

function goField(node: SchemaNode, value: unknown, pointer: boolean, nulls: Nulls): unknown {
  const given = value !== undefined && value !== null;
  if (schemaName(node)?.endsWith(".Quantity") === true) return given || !pointer ? quantity(value ?? "0") : undefined;
  if (node.items !== undefined) {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    const { items } = node;
    return items.properties === undefined ? value : value.map((item) => goCore(items, isObject(item) ? item : {}, nulls));
  }
  if (typeof node.additionalProperties === "object") return isObject(value) ? goMap(value, node.additionalProperties) : undefined;
  // A struct that is no pointer is written even when it is empty; the published schema gives it a default.
  if (node.properties !== undefined) return isObject(value) ? goCore(node, value, nulls) : node.default === undefined ? undefined : {};
  if (pointer) return given ? value : node.default !== undefined && nulls ? null : undefined;
  // A field without omitempty has its zero value published as default; another default is the API server's to fill in.
  if (node.default === "" || node.default === 0 || node.default === false) return given ? value : node.default;
  return !given || value === "" || value === 0 || value === false ? undefined : value;
}

function goMap(value: Json, node: SchemaNode): Json | undefined {
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return undefined;
  const amounts = schemaName(node)?.endsWith(".Quantity") === true;
  return Object.fromEntries(entries.map(([key, inner]) => [key, amounts ? quantity(inner) : inner]));
}

/**
 * What kruise adds to a container, in its order. `field!` is written even when it is empty; `[]` is a list of texts; a
 * list with one struct in it is a list of those.
 */
interface Own {
  readonly [field: string]: "text" | "text[]" | Own | readonly [Own];
}
const SHARE: Own = { type: "text" };
const EXPRESSIONS: Own = { cpu: "text", memory: "text" };
const OWN: Own = {
  podInjectPolicy: "text",
  "upgradeStrategy!": { upgradeType: "text", hotUpgradeEmptyImage: "text" },
  "shareVolumePolicy!": SHARE,
  shareVolumeDevicePolicy: SHARE,
  transferEnv: [
    {
      sourceContainerName: "text",
      sourceContainerNameFrom: { fieldRef: { apiVersion: "text", "fieldPath!": "text" } },
      envName: "text",
      envNames: "text[]",
    },
  ],
  resourcesPolicy: {
    targetContainersMode: "text",
    targetContainersNameRegex: "text",
    "resourcesExpr!": { limits: EXPRESSIONS, requests: EXPRESSIONS },
  },
};

function goOwn(struct: Own, value: Json, nulls: Nulls): Json {
  const result: Json = {};
  for (const [name, type] of Object.entries(struct)) {
    const always = name.endsWith("!");
    const field = always ? name.slice(0, -1) : name;
    const inner = value[field];
    if (type === "text") {
      if (always || inner) result[field] = inner ?? "";
    } else if (type === "text[]") {
      if (Array.isArray(inner) && inner.length > 0) result[field] = inner;
    } else if (Array.isArray(type)) {
      if (Array.isArray(inner) && inner.length > 0) result[field] = inner.map((item) => goOwn(type[0], isObject(item) ? item : {}, nulls));
    } else if (always || isObject(inner)) result[field] = goOwn(type as Own, isObject(inner) ? inner : {}, nulls);
  }
  return result;
}

/** Canonical, or as it stands where it is no quantity: validation says so, not this. */
function quantity(value: unknown): unknown {
  try {
    return Quantity.parse(String(value)).toString();
  } catch {
    return value;
  }
}

/** JSON with the characters escaped that Go escapes for HTML's sake. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
