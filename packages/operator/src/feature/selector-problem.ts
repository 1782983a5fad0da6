import { type LabelSelector, labelSelector, SelectorError } from "@outrigger/kit/api";

/** Why a rule selects nothing: which of its selectors says what no selector may. Nothing where it can be followed. */
export function selectorProblem(spec: { readonly selector?: unknown; readonly namespaceSelector?: unknown }): string | undefined {
  for (const field of ["selector", "namespaceSelector"] as const) {
    try {
      if (spec[field]) labelSelector(spec[field] as LabelSelector);
    } catch (error) {
      if (error instanceof SelectorError) return `spec.${field}: ${error.message}`;
      throw error;
    }
  }
  return undefined;
}
