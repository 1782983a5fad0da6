import type { PolicyRule } from "@outrigger/kit/controller";

const group = ["certificates.k8s.io"];

/** What a manager needs whose certificate is requested, by what it does. */
export function certificateRules(signerName: string): {
  /** To request one. */
  readonly request: readonly PolicyRule[];
  /** To approve its own requests: beside the verb, for this signer. */
  readonly approve: readonly PolicyRule[];
  /** To be the signer. */
  readonly sign: readonly PolicyRule[];
} {
  const requests = (verbs: readonly string[], part = ""): PolicyRule => ({
    apiGroups: group,
    resources: [`certificatesigningrequests${part}`],
    verbs: [...verbs],
  });
  const signers = (verb: string): PolicyRule => ({ apiGroups: group, resources: ["signers"], resourceNames: [signerName], verbs: [verb] });
  return {
    request: [requests(["create", "get"])],
    approve: [requests(["update"], "/approval"), signers("approve")],
    sign: [requests(["list", "watch"]), requests(["update"], "/status"), signers("sign")],
  };
}
