import { type AdmissionAnswer, type AdmissionRequest, invalid } from "@outrigger/kit/webhook";
import { type Decision, decide, type Rules } from "../pipeline/index.ts";
import type { Pod } from "../pod/index.ts";

/**
 * The answer about one pod: one call computes the result of all rules, whichever webhook entry sent it.
 *
 * @param namespaceLabels of the request's namespace
 * @param now when the decision is made; written to the pod in whole seconds, UTC
 */
export function mutatePod(
  request: AdmissionRequest,
  rules: Rules,
  { namespaceLabels, now }: { readonly namespaceLabels: Readonly<Record<string, string>>; readonly now: Date },
): AdmissionAnswer {
  if (request.operation !== "CREATE" || (request.subResource ?? "") !== "" || !isPod(request.object)) return { allowed: true };
  const pod = request.object;
  const decision = decide(pod, rules, {
    namespace: request.namespace ?? pod.metadata.namespace ?? "",
    namespaceLabels,
    now: `${now.toISOString().slice(0, 19)}Z`,
    operation: request.operation,
  });
  const audit = auditAnnotations(decision);
  if (decision.refusal !== undefined) return invalid(decision.refusal.causes, audit);
  return { allowed: true, ...(decision.patch.length === 0 ? {} : { patch: decision.patch }), ...audit };
}

function isPod(object: AdmissionRequest["object"]): object is Pod {
  const { metadata, spec } = (object ?? {}) as Partial<Pod>;
  return typeof metadata === "object" && metadata !== null && typeof spec === "object" && spec !== null && Array.isArray(spec.containers);
}

/** One line per rule that had to do with the pod, for the API server's audit log. */
function auditAnnotations({ reasons }: Decision): { auditAnnotations?: Record<string, string> } {
  if (reasons.length === 0) return {};
  return {
    auditAnnotations: { decision: reasons.map(({ kind, rule, action, reason }) => `${kind}/${rule} ${action} (${reason})`).join("; ") },
  };
}
