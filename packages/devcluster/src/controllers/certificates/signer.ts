import { controller, startController } from "@outrigger/kit/controller";
import { CertificateSigningRequest } from "../../objects/index.ts";
import { IDLE, type Loop } from "../loop.ts";
import { againAfterConflict, MANAGER, timestamp, writeStatus } from "../writes.ts";
import { hasCondition, objection, requestOf } from "./requests.ts";

/** Seconds that a certificate lasts where nobody asked for less, and at least. */
const LONGEST = 365 * 24 * 3600;
const SHORTEST = 600;

/**
 * Signs approved requests of Kubernetes' own signers with the cluster's authority (`pkg/controller/certificates/signer`).
 * Requests for other signers are left to those. Does nothing where nobody signs.
 */
export const certificateSignerLoop: Loop = ({ client, informers, log, signer }) => {
  if (!signer) return IDLE;
  const loop = controller(CertificateSigningRequest, { name: "csrsigning", fieldManager: MANAGER }).reconcile(
    againAfterConflict(async (request, { signal }) => {
      if (!hasCondition(request, "Approved") || hasCondition(request, "Failed") || hasCondition(request, "Denied")) return;
      if (request.status?.certificate) return;
      const found = requestOf(request);
      if (!found) return;
      const problem = objection(request, found.facts);
      if (problem === undefined) return;
      if (problem !== "") {
        const condition = {
          type: "Failed",
          status: "True",
          reason: "SignerValidationFailure",
          message: problem,
          lastUpdateTime: timestamp(),
        };
        const conditions = [...(request.status?.conditions ?? []), condition];
        await writeStatus(client, CertificateSigningRequest, request, { ...request.status, conditions }, signal);
        return;
      }
      const wanted = request.spec.expirationSeconds ?? LONGEST;
      const seconds = Math.min(Math.max(wanted, SHORTEST), LONGEST);
      const usages = (request.spec.usages ?? []).filter((usage) => usage === "server auth" || usage === "client auth");
      const certificate = Buffer.from(signer.certificate(found.pem, usages as never, seconds)).toString("base64");
      await writeStatus(client, CertificateSigningRequest, request, { ...request.status, certificate }, signal);
    }),
  );
  return startController(loop, { client, informers, log });
};
