import type { Cause } from "@outrigger/kit/api";

/** Collects what is wrong with a definition, each with the place and Kubernetes' words. */
export class Findings {
  readonly causes: Cause[] = [];

  invalid(field: string, value: unknown, why: string): void {
    this.causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field });
  }
  forbidden(field: string, why: string): void {
    this.causes.push({ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field });
  }
  required(field: string, why = ""): void {
    this.causes.push({ reason: "FieldValueRequired", message: `Required value${why === "" ? "" : `: ${why}`}`, field });
  }
  unsupported(field: string, value: unknown, supported: readonly string[]): void {
    const known = supported.map((one) => JSON.stringify(one)).join(", ");
    this.causes.push({
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${known}`,
      field,
    });
  }
}
