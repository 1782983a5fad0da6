import type { KubeObject } from "@outrigger/kit/api";
import { isObject } from "@outrigger/kit/patch";
import type { SchemaNode } from "@outrigger/kit/schema";
import { PatchError } from "../error.ts";
import { nonconformity } from "./conform.ts";
import { type FieldType, objectType } from "./field-type.ts";
import { mergeValues } from "./merge.ts";

/**
 * Merges a configuration into an object as server-side apply does, but without field managers: no field is removed, and
 * none conflicts. This is how a MutatingAdmissionPolicy changes objects (`admission/plugin/policy/mutating/patch`).
 *
 * @throws PatchError where the configuration does not fit the schema, or names a list, map or struct that is replaced whole
 */
export function mergeConfiguration(live: KubeObject, configuration: KubeObject, schema: SchemaNode): KubeObject {
  const type = objectType(schema);
  const problem = nonconformity(type, configuration, false);
  if (problem !== "") throw PatchError.internal(`failed to convert patch object to typed object: ${problem}`);
  const atomics = atomicsIn(type, configuration, "");
  if (atomics.length > 0)
    throw PatchError.internal(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(", ")}`);
  return structuredClone(mergeValues(type, live, configuration)) as KubeObject;
}

/** Paths of the atomic values in a configuration: a policy would replace them whole, without knowing what else they hold. */
function atomicsIn(type: FieldType, value: unknown, path: string): string[] {
  if (isObject(value) && type.map) {
    const { map } = type;
    const inner = Object.keys(value).flatMap((key) => {
      const field = map.field(key);
      return field ? atomicsIn(field, value[key], `${path}.${key}`) : [];
    });
    return map.atomic ? [path, ...inner] : inner;
  }
  if (Array.isArray(value) && type.list) {
    const { list } = type;
    const inner = value.flatMap((item, index) => atomicsIn(list.element(), item, `${path}[${index}]`));
    return list.atomic ? [path, ...inner] : inner;
  }
  return [];
}
