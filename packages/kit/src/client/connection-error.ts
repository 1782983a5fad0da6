import { type ClusterAccess, type Place, placeOf } from "./access.ts";
import type { TransportRequest } from "./contract.ts";
import { ConnectionError } from "./errors.ts";
import { ProxyError } from "./tunnel.ts";

/** Says what was to be reached and what happened, and for the common causes what to do, and the file and field to look at. */
export function connectionError(error: unknown, access: ClusterAccess, request: TransportRequest): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const cause = error as NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] };
  const reason = cause.code ?? cause.errors?.[0]?.code ?? cause.name ?? "UNKNOWN";
  const what = cause.message || cause.errors?.[0]?.message || reason;
  const text = `${request.method} ${access.server}${request.path}: ${what}`;
  if (cause instanceof ProxyError) return new ConnectionError(text, reason, error, access.places?.proxy);
  const { hint, place } = explain(reason, access);
  return new ConnectionError(hint ? `${text}: ${hint}` : text, reason, error, place);
}

function explain(reason: string, access: ClusterAccess): { readonly hint?: string; readonly place?: Place } {
  const cluster = (field: string): Place => placeOf(access, "cluster", field);
  const user = (field: string): Place => placeOf(access, "user", field);
  switch (reason) {
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "CERT_SIGNATURE_FAILURE":
      return {
        hint: "the server's certificate does not come from the authority that the kubeconfig names",
        place: cluster("certificate-authority-data"),
      };
    case "CERT_HAS_EXPIRED":
      return { hint: "the server's certificate, not yours, has expired: renew it there", place: cluster("server") };
    case "CERT_NOT_YET_VALID":
      return { hint: "the server's certificate is not valid yet: look at both clocks", place: cluster("server") };
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return { hint: "the server's certificate is for another name; set tls-server-name", place: cluster("tls-server-name") };
    case "ECONNREFUSED":
      return { hint: "nothing listens there; is the cluster up?", place: cluster("server") };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { hint: "there is no such host", place: cluster("server") };
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return { hint: "there is no way to it from here", place: cluster("server") };
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return { hint: "what answers there does not speak TLS; http:// instead of https://?", place: cluster("server") };
    case "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED":
    case "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA":
    case "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE":
      return { hint: "the server does not take the client's certificate", place: user("client-certificate-data") };
    default:
      return {};
  }
}
