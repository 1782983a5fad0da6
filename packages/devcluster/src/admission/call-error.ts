/**
 * A webhook could not be called, or its answer could not be understood: what `failurePolicy` is about. The words are
 * those that Kubernetes puts after `failed calling webhook "…": `.
 */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly code = "ERR_WEBHOOK_CALL";
}

/** What Go would have said of a connection that failed. Texts of the network and of TLS are approximate. */
export function connectionWords(error: NodeJS.ErrnoException & { host?: string; reason?: string }, host: string, port: number): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return `dial tcp ${host.includes(":") ? `[${host}]` : host}:${port}: connect: connection refused`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `dial tcp: lookup ${host}: no such host`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return `dial tcp ${host}:${port}: connect: ${error.code === "ETIMEDOUT" ? "connection timed out" : "no route to host"}`;
    case "ECONNRESET":
    case "EPIPE":
      return "EOF";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `tls: failed to verify certificate: x509: certificate is not valid for ${host}: ${error.reason ?? error.message}`;
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "CERT_SIGNATURE_FAILURE":
      return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return "tls: first record does not look like a TLS handshake";
    default:
      return error.message;
  }
}

/** What Kubernetes' client says of an HTTP status that is no success. A Status in the body speaks for itself. */
export function statusWords(code: number, contentType: string, body: string): string {
  const said = statusMessage(body);
  if (said !== undefined) return said;
  const text = contentType.startsWith("text/") || !contentType.includes("json") ? body.trim() : "";
  switch (code) {
    case 400:
      return "the server rejected our request for an unknown reason";
    case 401:
      return "the server has asked for the client to provide credentials";
    case 404:
      return "the server could not find the requested resource";
    case 405:
      return "the server does not allow this method on the requested resource";
    case 409:
      return "the server reported a conflict";
    case 422:
      return "the server rejected our request due to an error in our request";
    case 429:
      return "the server has received too many requests and has asked us to try again later";
    case 503:
      return "the server is currently unable to handle the request";
    case 504:
      return "the server was unable to return a response in the time allotted, but may still be processing the request";
    case 403:
    case 406:
    case 415:
      return text || "unknown";
    default:
      return code >= 500
        ? `an error on the server (${JSON.stringify(text || "unknown")}) has prevented the request from succeeding`
        : `the server responded with the status code ${code} but did not return more information`;
  }
}

function statusMessage(body: string): string | undefined {
  try {
    const status = JSON.parse(body) as { kind?: unknown; status?: unknown; message?: unknown };
    return status?.kind === "Status" && status.status === "Failure" && typeof status.message === "string" ? status.message : undefined;
  } catch {
    return undefined;
  }
}

/** What Go's decoder says of a text that is no JSON, as far as it can be told from what ours says. */
export function jsonWords(error: unknown): string {
  const { message } = error as Error;
  const token = /Unexpected token '?(.)/u.exec(message)?.[1];
  if (token !== undefined) return `invalid character '${token}' looking for beginning of value`;
  return message.startsWith("Unexpected end") ? "unexpected end of JSON input" : `invalid character: ${message}`;
}
