import { type ClusterAccess, type Impersonation, placeOf } from "./access.ts";
import { CredentialFiles } from "./credential-files.ts";
import { KubeconfigError } from "./errors.ts";
import { ExecCredentials } from "./exec.ts";
import { authorization, type Identity, type IdentitySource, impersonation } from "./identity.ts";
import { OidcCredentials } from "./oidc.ts";

/** The way to log in that counts, of those that the credentials hold: as client-go, what stands in the kubeconfig goes before a plugin. */
export function identitySource(access: ClusterAccess, impersonate?: Impersonation): IdentitySource {
  const { credentials } = access;
  const fixed = impersonation(impersonate ?? credentials.impersonate);
  const given = credentials.token ?? credentials.tokenFile ?? credentials.username;
  if (credentials.exec && given === undefined && !credentials.cert) return new ExecCredentials(credentials.exec, fixed);
  if (credentials.oidc && given === undefined) return new OidcCredentials(credentials.oidc, fixed);
  if (credentials.tokenFile || credentials.certFile) {
    return new CredentialFiles(credentials, fixed, (field, problem, cause) => {
      const place = placeOf(access, "user", field);
      return new KubeconfigError(place.file, place.field, problem, cause);
    });
  }
  const identity: Identity = {
    headers: { ...authorization(credentials), ...fixed },
    ...(credentials.cert && credentials.key ? { cert: credentials.cert, key: credentials.key } : {}),
  };
  return { current: () => identity, refused: () => false };
}
