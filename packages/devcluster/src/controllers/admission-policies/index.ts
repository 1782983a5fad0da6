import type { Client } from "@outrigger/kit/client";
import { controller, startController } from "@outrigger/kit/controller";
import { kinds } from "@outrigger/machinery/kinds";
import { type CheckedKind, expressionWarnings, type KnownKinds } from "../../admission/index.ts";
import { CustomResourceDefinition, ValidatingAdmissionPolicy } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { againAfterConflict } from "../writes.ts";

const MANAGER = "validatingadmissionpolicy-status";

/**
 * Says in the status of ValidatingAdmissionPolicies what is wrong with their expressions for the kinds that they match
 * (`pkg/controller/validatingadmissionpolicystatus`). Each generation is looked at once.
 */
export const admissionPolicyStatusLoop: Loop = ({ client, informers, log }) => {
  const loop = controller(ValidatingAdmissionPolicy, { name: MANAGER, fieldManager: MANAGER }).reconcile(
    againAfterConflict(async (policy, { signal }) => {
      const { generation = 0, name } = policy.metadata;
      if ((policy.status?.observedGeneration ?? 0) >= generation) return;
      const warnings = expressionWarnings(policy.spec as never, await knownKinds(client));
      const typeChecking = warnings.length > 0 ? { expressionWarnings: warnings } : {};
      const status = { observedGeneration: generation, typeChecking };
      const wanted = { apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingAdmissionPolicy", metadata: { name }, status };
      const options = { fieldManager: MANAGER, subresource: "status", force: true, signal };
      await client.apply(ValidatingAdmissionPolicy, wanted as never, options as never);
    }),
  );
  return startController(loop, { client, informers, log });
};

/** The kinds of Kubernetes and those of custom resources. */
async function knownKinds(client: Client): Promise<KnownKinds> {
  const { items } = await client.list(CustomResourceDefinition);
  const custom = items.flatMap(({ spec }) =>
    spec.versions.flatMap(({ name: version, served, schema }) => {
      const whole = schema?.openAPIV3Schema as CheckedKind["schema"] | undefined;
      return served && whole ? [{ group: spec.group, version, kind: spec.names.kind, plural: spec.names.plural, schema: whole }] : [];
    }),
  );
  const ofCustom = (group: string, version: string): typeof custom =>
    custom.filter((one) => one.group === group && one.version === version);
  return {
    byResource: (group, version, plural) =>
      kinds().byResource(group, version, plural) ?? ofCustom(group, version).find((one) => one.plural === plural),
    byKind: (group, version, kind) => kinds().byKind(group, version, kind) ?? ofCustom(group, version).find((one) => one.kind === kind),
  };
}
