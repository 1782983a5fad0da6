import type { KubeObject } from "@outrigger/kit/api";
import { parseFieldSelector, parseLabelSelector } from "@outrigger/kit/api";
import type { Entry } from "../store/index.ts";
import type { ServedResource } from "./contracts.ts";
import { badRequest, StatusError } from "./errors.ts";
import { kindRules } from "./rules/index.ts";

/** Which objects a list or watch means. */
export interface Selection {
  /** Nothing is left out: every entry matches without a look at it. */
  readonly everything: boolean;
  /** The one name that can match, when the field selector says so. */
  readonly name: string | undefined;
  matches(entry: Entry): boolean;
}

const all: Selection = { everything: true, name: undefined, matches: () => true };

/**
 * Compiles the selectors of a request for a resource.
 *
 * @throws StatusError (400) for what cannot be parsed and for fields that the resource cannot be selected by.
 */
export function select(resource: ServedResource, labelSelector: string, fieldSelector: string): Selection {
  if (labelSelector === "" && fieldSelector === "") return all;
  const labels = labelSelector === "" ? undefined : parsed(() => parseLabelSelector(labelSelector));
  const fields = fieldSelector === "" ? [] : parsed(() => parseFieldSelector(fieldSelector)).terms;
  for (const { field } of fields) if (!selectable(resource, field)) throw unknownField(resource, field);
  const value = readerOf(resource);
  const name = fields.find(({ field, equal }) => field === "metadata.name" && equal)?.value;
  return {
    everything: labels === undefined && fields.length === 0,
    name,
    matches(entry) {
      if (labels && !labels.matches(entry.labels ?? {})) return false;
      return fields.every(({ field, equal, value: wanted }) => {
        const found =
          field === "metadata.name" ? entry.name : field === "metadata.namespace" ? entry.namespace : value(entry.object, field);
        return (found === wanted) === equal;
      });
    },
  };
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function selectable(resource: ServedResource, field: string): boolean {
  return (
    field === "metadata.name" ||
    (field === "metadata.namespace" && resource.scope === "Namespaced") ||
    resource.selectableFields.includes(field)
  );
}

function unknownField(resource: ServedResource, field: string): StatusError {
  if (resource.selectableFields.length > 0) return badRequest(`field label not supported: ${field}`);
  const known = ["metadata.name", "metadata.namespace"];
  return badRequest(`${JSON.stringify(field)} is not a known field selector: only ${known.map((one) => JSON.stringify(one)).join(", ")}`);
}

function readerOf(resource: ServedResource): (object: KubeObject, field: string) => string {
  const { fieldValue } = kindRules(resource.group, resource.plural, resource.custom);
  return (object, field) => {
    const special = fieldValue?.(object, field);
    if (special !== undefined) return special;
    let value: unknown = object;
    for (const part of field.split("."))
      value = value !== null && typeof value === "object" ? (value as Record<string, unknown>)[part] : undefined;
    return value === undefined || value === null ? "" : String(value);
  };
}
