import type { Cause } from "@outrigger/kit/api";
import { type FieldValidation, invalidOptions, queryBoolean, type WriteOptions } from "../registry/index.ts";

/**
 * Options of a create, update or patch from the query.
 *
 * @throws StatusError in the words of `k8s.io/apimachinery/pkg/apis/meta/v1/validation`.
 */
export function writeOptions(
  query: URLSearchParams,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  isApply = false,
): WriteOptions {
  const dryRun = query.getAll("dryRun").filter((text) => text !== "");
  const fieldManager = query.get("fieldManager") ?? "";
  const validation = query.get("fieldValidation") ?? "";
  const force = kind === "PatchOptions" ? queryBoolean(query, "force") : undefined;
  const causes: Cause[] = [];
  if (isApply && fieldManager === "") {
    causes.push({ reason: "FieldValueRequired", message: "Required value: is required for apply patch", field: "fieldManager" });
  }
  if (!isApply && force !== undefined) {
    causes.push({ reason: "FieldValueForbidden", message: "Forbidden: may not be specified for non-apply patch", field: "force" });
  }
  if (new TextEncoder().encode(fieldManager).length > 128) {
    causes.push({ reason: "FieldValueTooLong", message: "Too long: may not be more than 128 bytes", field: "fieldManager" });
  }
  if (dryRun.some((one) => one !== "All")) {
    causes.push({
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`,
      field: "dryRun",
    });
  }
  if (!["", "Ignore", "Strict", "Warn"].includes(validation)) {
    const message = `Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`;
    causes.push({ reason: "FieldValueNotSupported", message, field: "fieldValidation" });
  }
  if (causes.length > 0) throw invalidOptions(kind, causes);
  return {
    dryRun: dryRun.length > 0,
    fieldManager,
    fieldValidation: (validation || "Warn") as FieldValidation,
    force: force ?? false,
    sent: {
      ...(dryRun.length > 0 ? { dryRun } : {}),
      ...(force === undefined ? {} : { force }),
      ...(fieldManager === "" ? {} : { fieldManager }),
      ...(validation === "" ? {} : { fieldValidation: validation }),
    },
  };
}
