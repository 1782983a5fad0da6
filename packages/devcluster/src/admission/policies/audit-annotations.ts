import { CelError } from "@outrigger/machinery/cel";
import type { Annotate } from "../../registry/index.ts";
import type { PolicyExpressions } from "./expressions.ts";

/** Bytes of a value that are kept. */
const LONGEST = 10 * 1024;

/** What one policy's `auditAnnotations` leave for the audit log; bindings that say the same say it once. */
export class AuditAnnotations {
  readonly #policy: string;
  readonly #values = new Map<string, string[]>();

  constructor(policy: string) {
    this.#policy = policy;
  }

  /** @returns what went wrong with those that could not be evaluated. */
  evaluate(annotations: PolicyExpressions["annotations"], variables: Readonly<Record<string, unknown>>): readonly string[] {
    return annotations.flatMap(({ key, expression, program }) => {
      try {
        const value = program.evaluate(variables);
        if (value === null) return [];
        if (typeof value === "string") this.#add(key, value.trim());
        else {
          const type = typeof value === "bigint" ? "int" : typeof value;
          return [
            `valueExpression '${expression}' resulted in unsupported return type: ${type}. Return type must be either string or null.`,
          ];
        }
        return [];
      } catch (error) {
        if (!(error instanceof CelError)) throw error;
        return [`expression '${expression}' resulted in error: ${error.message}`];
      }
    });
  }

  publish(sink: Annotate | undefined): void {
    for (const [key, values] of this.#values) sink?.(`${this.#policy}/${key}`, values.join(", "));
  }

  #add(key: string, value: string): void {
    const values = this.#values.get(key) ?? [];
    const kept = Buffer.from(value).subarray(0, LONGEST).toString();
    if (kept !== "" && !values.includes(kept)) values.push(kept);
    if (values.length > 0) this.#values.set(key, values);
  }
}
