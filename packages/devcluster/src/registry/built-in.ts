import type { KubeObject } from "@outrigger/kit/api";
import { prune } from "@outrigger/kit/schema";
import { compileCel } from "@outrigger/machinery/cel";
import { cells, defaultObject, type KindRow, normalize, validateKind, validateKindUpdate, warningsFor } from "@outrigger/machinery/kinds";
import type { ServedResource, Strategy } from "./contracts.ts";
import { conversions } from "./conversions/index.ts";
import { CONDITION_VARIABLES, policyCompilers } from "./policies/index.ts";
import { kindRules } from "./rules/index.ts";

/** Versions in which resources lie in the store, where several are served. */
const storageVersions: Readonly<Record<string, string>> = { "autoscaling/horizontalpodautoscalers": "v2" };

/** Versions that Kubernetes asks to leave (`APILifecycleDeprecated`). */
const deprecations: Readonly<Record<string, string>> = {
  "/v1/componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
  "/v1/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
};

/** A row of the kinds table as a resource of the server. */
export function builtIn(row: KindRow): ServedResource {
  const { group, version, kind, plural, singular, listKind, shortNames, categories, scope, verbs, subresources } = row;
  return {
    group,
    version,
    kind,
    plural,
    singular,
    listKind,
    shortNames,
    categories,
    scope,
    verbs,
    subresources,
    storageVersionHash: row.storageVersionHash,
    selectableFields: row.selectableFields,
    stored: row.stored,
    storageVersion: storageVersions[`${group}/${plural}`] ?? version,
    custom: false,
    get schema() {
      return row.schema;
    },
    columns: row.columns,
    cells: (object, now) => cells(row, object, now),
    strategy: rowStrategy(row),
    ...(deprecations[`${group}/${version}/${plural}`] ? { deprecation: deprecations[`${group}/${version}/${plural}`]! } : {}),
    row,
  };
}

/** What is wrong with a CEL expression of a built-in kind; "" when nothing is. */
function expressionProblem(text: string): string {
  try {
    compileCel(text, { variables: CONDITION_VARIABLES });
    return "";
  } catch (error) {
    return `compilation failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function rowStrategy(row: KindRow): Strategy {
  const rules = kindRules(row.group, row.plural, false);
  let nothing: KubeObject | undefined;
  /** What Go makes of a kind with nothing in it. */
  const empty = (): KubeObject => {
    if (!nothing) {
      nothing = { apiVersion: "", kind: row.kind, metadata: {} };
      normalize(row.schema, nothing);
    }
    return nothing;
  };
  const isServerOwned = (field: string): boolean => field === "apiVersion" || field === "kind" || field === "metadata";
  return {
    prune: (object) => prune(row.schema, object),
    default(object) {
      defaultObject(row, object);
      rules.decoded?.(object);
    },
    prepareForCreate(object) {
      if (rules.ownStatus) return;
      for (const field of row.resetFields) {
        const nothing = empty()[field];
        if (nothing === undefined) delete object[field];
        else object[field] = structuredClone(nothing);
      }
    },
    prepareForUpdate(object, old, subresource) {
      const restored =
        subresource === "status"
          ? [...new Set([...Object.keys(object), ...Object.keys(old)])].filter((field) => field !== "status" && !isServerOwned(field))
          : row.resetFields;
      // What these may write of the status, their rules and handlers say.
      if (subresource === "approval" || subresource === "binding") return;
      for (const field of restored) {
        if (old[field] === undefined) delete object[field];
        else object[field] = old[field];
      }
    },
    validate: (object) => validateKind(row, object, { expressionProblem, policyCompilers }),
    validateUpdate: (object, old, subresource) => validateKindUpdate(row, object, old, subresource, { expressionProblem, policyCompilers }),
    warnings: (object, old) => warningsFor(row, object, old),
    async convert(objects, version) {
      const convert = conversions[`${row.group}/${row.plural}`];
      return objects.map((object) => {
        if (convert) return convert(object, version);
        return { ...object, apiVersion: row.group === "" ? version : `${row.group}/${version}` } as KubeObject;
      });
    },
  };
}
