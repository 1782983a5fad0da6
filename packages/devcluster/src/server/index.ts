/**
 * The API server over the registry: who asks, what a path means, in which form bodies come and go. One handler answers
 * requests from sockets and from this process alike.
 */
export { auditing, auditLog, metadataPolicy, readAuditPolicy } from "./audit/index.ts";
export { type StaticToken, staticTokens, type TokenReader } from "./authenticate.ts";
export { type Attributes, type Authorizer, type PolicyRule, rbac } from "./authorize.ts";
export { ClusterFileError } from "./cluster-file.ts";
export { Discovery } from "./discovery/index.ts";
export { withoutEscalation } from "./escalation.ts";
export { type Handler, handler } from "./handler.ts";
export { CLUSTER_NAME, kubeconfigText } from "./kubeconfig.ts";
export { type Listening, listen, PortInUseError } from "./listen.ts";
export { RequestMetrics } from "./request-metrics.ts";
export { serviceAccountTokens } from "./service-account-tokens.ts";
export { newSigningKey, type ServiceAccountKeys } from "./signing-keys.ts";
export { OpenStreams } from "./streams.ts";
export { subresources } from "./subresources/index.ts";
export { readTokenFile } from "./token-file.ts";
export { inProcessTransport } from "./transport.ts";
