import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Credentials, Impersonation } from "./access.ts";
import type { ClusterEntry } from "./kubeconfig-cluster.ts";
import { readExec } from "./kubeconfig-exec.ts";
import { type Fields, type Pem, readCertificate } from "./kubeconfig-fields.ts";
import { readOidc } from "./kubeconfig-oidc.ts";
import type { Env } from "./proxy.ts";

/** What a user's entry says about who asks. Which of several ways to log in counts is decided where they are used. */
export function readUser(fields: Fields, cluster: ClusterEntry, clusterFields: Fields, env: Env): Credentials {
  const cert = fields.pem("client-certificate");
  const key = fields.pem("client-key");
  if (cert && !key) throw fields.wrong("client-key", "is missing beside client-certificate");
  if (key && !cert) throw fields.wrong("client-certificate", "is missing beside client-key");
  if (cert && key) checkPair(fields, cert, key);
  const token = fields.text("token");
  const tokenFile = fields.file("tokenFile");
  const [username, password] = [fields.text("username"), fields.text("password")];
  if (token && (username || password)) throw fields.wrong("username", "stands beside token; only one way to log in is allowed");
  const exec = fields.map("exec");
  const provider = fields.map("auth-provider");
  if (exec && provider) throw fields.wrong("auth-provider", "stands beside exec; only one of them is allowed");
  const impersonate = readImpersonation(fields);
  return {
    ...(cert && key ? { cert: cert.pem, key: key.pem } : {}),
    ...(cert?.file && key?.file ? { certFile: cert.file, keyFile: key.file } : {}),
    ...(token ? { token } : {}),
    ...(tokenFile ? { tokenFile } : {}),
    ...(username ? { username, password: password ?? "" } : {}),
    ...(exec ? { exec: readExec(exec, fields, cluster, clusterFields) } : {}),
    ...(provider ? { oidc: readOidc(provider, fields, env) } : {}),
    ...(impersonate ? { impersonate } : {}),
  };
}

/** A certificate in force, and the key that belongs to it. */
function checkPair(fields: Fields, cert: Pem, key: Pem): void {
  const certificate = readCertificate(fields, cert);
  const where = cert.file ? `${cert.file}: ` : "";
  if (Date.parse(certificate.validTo) < Date.now())
    throw fields.wrong(cert.field, `${where}the certificate expired on ${new Date(certificate.validTo).toISOString()}`);
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key.pem);
  } catch (cause) {
    throw fields.wrong(key.field, `${key.file ? `${key.file} ` : ""}is no private key (or one behind a pass phrase)`, cause);
  }
  if (!certificate.checkPrivateKey(privateKey)) throw fields.wrong(key.field, `is not the key of the certificate in ${cert.field}`);
}

function readImpersonation(fields: Fields): Impersonation | undefined {
  const user = fields.text("as");
  const uid = fields.text("as-uid");
  const groups = fields.texts("as-groups");
  const extra = fields.map("as-user-extra") as Record<string, string[]> | undefined;
  if (user) return { user, ...(uid ? { uid } : {}), groups, extra: extra ?? {} };
  // As client-go: the server would refuse each request.
  if (uid || groups.length > 0 || extra) throw fields.wrong("as", "is missing beside as-uid, as-groups or as-user-extra");
  return undefined;
}
