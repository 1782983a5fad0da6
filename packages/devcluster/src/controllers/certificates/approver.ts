import { objectKey } from "@outrigger/kit/api";
import { controller, startController } from "@outrigger/kit/controller";
import { CertificateSigningRequest } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { againAfterConflict, MANAGER } from "../writes.ts";
import { hasCondition, KUBELET_CLIENT, objection, requestOf } from "./requests.ts";

const REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/**
 * Approves requests for kubelets' client certificates where the requester may ask for them: its own by `selfnodeclient`,
 * any by `nodeclient` (`pkg/controller/certificates/approver`).
 */
export const certificateApproverLoop: Loop = ({ client, informers, log }) => {
  const loop = controller(CertificateSigningRequest, { name: "csrapproving", fieldManager: MANAGER }).reconcile(
    againAfterConflict(async (request, { signal }) => {
      if (request.status?.certificate || hasCondition(request, "Approved") || hasCondition(request, "Denied")) return;
      if (request.spec.signerName !== KUBELET_CLIENT) return;
      const found = requestOf(request);
      if (!found || objection(request, found.facts) !== "") return;
      const { username = "", uid, groups, extra } = request.spec;
      const own = username === found.facts.commonName;
      for (const subresource of own ? ["selfnodeclient", "nodeclient"] : ["nodeclient"]) {
        const resourceAttributes = {
          group: "certificates.k8s.io",
          resource: "certificatesigningrequests",
          verb: "create",
          subresource,
          version: "*",
        };
        const response = await client.request({
          method: "POST",
          path: REVIEWS,
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            apiVersion: "authorization.k8s.io/v1",
            kind: "SubjectAccessReview",
            spec: { user: username, uid, groups, extra, resourceAttributes },
          }),
          signal,
        });
        const review = response as { status?: { allowed?: boolean } };
        if (review.status?.allowed !== true) continue;
        const message = `Auto approving ${subresource === "selfnodeclient" ? "self " : ""}kubelet client certificate after SubjectAccessReview.`;
        const conditions = [...(request.status?.conditions ?? []), { type: "Approved", status: "True", reason: "AutoApproved", message }];
        const approved = { ...request, status: { ...request.status, conditions } };
        await client.update(CertificateSigningRequest, approved as never, { subresource: "approval", fieldManager: MANAGER });
        log.info({ request: objectKey(request).name }, "approved a kubelet's client certificate");
        return;
      }
    }),
  );
  return startController(loop, { client, informers, log });
};
