import type { Cause } from "@outrigger/kit/api";

/**
 * Collects what is wrong with an object, in the words and with the reasons of `apimachinery/pkg/util/validation/field`.
 * Paths are written as Kubernetes writes them: `spec.containers[0].name`, `metadata.annotations[a/b]`.
 */
export class Findings {
  readonly causes: Cause[] = [];

  required(field: string, detail = ""): void {
    this.add("FieldValueRequired", field, "Required value", detail);
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.add("FieldValueInvalid", field, `Invalid value: ${show(value)}`, detail);
  }

  /** An invalid value that is not shown. */
  invalidWhole(field: string, detail: string): void {
    this.add("FieldValueInvalid", field, "Invalid value", detail);
  }

  /** One finding for each problem of a value. */
  invalidEach(field: string, value: unknown, problems: Iterable<string>): void {
    for (const problem of problems) this.invalid(field, value, problem);
  }

  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const detail = supported.length > 0 ? `supported values: ${supported.map((name) => JSON.stringify(name)).join(", ")}` : "";
    this.add("FieldValueNotSupported", field, `Unsupported value: ${show(value)}`, detail);
  }

  duplicate(field: string, value: unknown, detail = ""): void {
    this.add("FieldValueDuplicate", field, `Duplicate value: ${show(value)}`, detail);
  }

  notFound(field: string, value: unknown, detail = ""): void {
    this.add("FieldValueNotFound", field, `Not found: ${show(value)}`, detail);
  }

  forbidden(field: string, detail: string): void {
    this.add("FieldValueForbidden", field, "Forbidden", detail);
  }

  /** @param max In bytes. */
  tooLong(field: string, max: number): void {
    this.add("FieldValueTooLong", field, "Too long", `may not be more than ${max} ${max === 1 ? "byte" : "bytes"}`);
  }

  tooMany(field: string, actual: number, max: number): void {
    this.add("FieldValueTooMany", field, `Too many: ${actual}`, `must have at most ${max} ${max === 1 ? "item" : "items"}`);
  }

  nonNegative(field: string, value: number | undefined): void {
    if (value !== undefined && value < 0) this.invalid(field, value, "must be greater than or equal to 0");
  }

  /** A choice that must be made: absent is `Required`, unknown is `NotSupported`. */
  oneOf(field: string, value: string, supported: readonly string[]): void {
    if (value === "") this.required(field);
    else if (!supported.includes(value)) this.notSupported(field, value, supported);
  }

  private add(reason: string, field: string, body: string, detail: string): void {
    this.causes.push({ reason, message: detail === "" ? body : `${body}: ${detail}`, field });
  }
}

/** A value that is shown as a Go struct would be marshalled: see `goStruct`. */
export class Shown {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

/** A map with its keys sorted, as Go marshals it. */
export function sorted<T>(map: Readonly<Record<string, T>> | undefined): Record<string, T> | undefined {
  return map && Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function show(value: unknown): string {
  if (value instanceof Shown) return value.json;
  return value === undefined ? "null" : JSON.stringify(value).replace(/[<>&]/g, escapeHtml(value));
}

/** Strings are quoted as they are; within JSON Go escapes what HTML could misread. */
function escapeHtml(value: unknown): (character: string) => string {
  return typeof value === "string" ? (character) => character : (character) => `\\u00${character.charCodeAt(0).toString(16)}`;
}
