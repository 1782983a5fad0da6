// Where the webhooks' certificate is from: the manager's arguments and volumes, and the objects that cert-manager acts on.
import { OWN_SIGNER } from "../certificates/index.ts";
import { block, both, Expression, either, equals, type Node, not, text, truthy, value, when } from "../manifest-tree/index.ts";
import { type Manifest, namespace, namespaced, WEBHOOK_SERVICE } from "./manifest.ts";
import { ValueError } from "./value-error.ts";

const PATH = "webhook.certificates";
const FOLDER = "/etc/outrigger/certificate";
const AUTHORITY_FOLDER = "/etc/outrigger/authority";
/** The Secret that cert-manager writes. */
const SERVING = "outrigger-webhook-serving";
const AUTHORITY = "outrigger-webhook-authority";
const SELF_SIGNED = "outrigger-selfsigned";
const ISSUER = "outrigger-webhook";
const API = "cert-manager.io/v1";

export const OWN_CERTIFICATE = equals(`${PATH}.mode`, "own");
export const REQUESTED = equals(`${PATH}.mode`, "csr");
/** The manager is the signer of its requests. */
export const OWN_SIGNS = both(REQUESTED, equals(`${PATH}.csr.signerName`, OWN_SIGNER));
const BY_CERT_MANAGER = equals(`${PATH}.mode`, "cert-manager");
const BY_SECRET = equals(`${PATH}.mode`, "files");
const MOUNTED = either(BY_SECRET, BY_CERT_MANAGER);
const AUTHORITY_NAMED = both(REQUESTED, truthy(`${PATH}.csr.authorityConfigMap`));
/** Nobody else issues it. */
const OWN_ISSUER = both(BY_CERT_MANAGER, not(truthy(`${PATH}.certManager.issuerRef`)));

/** A value without which a mode makes no sense. */
function needed(path: string, why: string): Expression {
  const message = `${path} is empty: ${why}`;
  const given = value(path);
  return new Expression(`required ${JSON.stringify(message)} ${given.helm} | quote`, (values) => {
    const found = given.evaluate(values);
    if (found === "" || found === undefined) throw new ValueError(message);
    return found;
  });
}

/** @param argument makes `--flag=value`. */
export function certificateArguments(argument: (flag: string, given: Expression | string | number) => Node): Node[] {
  return [
    argument("certificate-settle-seconds", value(`${PATH}.settleSeconds`)),
    when(MOUNTED, argument("certificate-folder", FOLDER)),
    when(REQUESTED, argument("certificate-signer", value(`${PATH}.csr.signerName`))),
    when(REQUESTED, argument("certificate-approve", value(`${PATH}.csr.approve`))),
    when(AUTHORITY_NAMED, argument("certificate-authority", `${AUTHORITY_FOLDER}/ca.crt`)),
  ];
}

export const HAS_CERTIFICATE_VOLUMES = either(MOUNTED, AUTHORITY_NAMED);

export const certificateVolumes: readonly Node[] = [
  when(BY_SECRET, {
    name: "certificate",
    secret: { secretName: needed(`${PATH}.secret`, "name the Secret with tls.crt, tls.key and ca.crt") },
  }),
  when(BY_CERT_MANAGER, { name: "certificate", secret: { secretName: SERVING } }),
  when(AUTHORITY_NAMED, { name: "authority", configMap: { name: text(`${PATH}.csr.authorityConfigMap`) } }),
];

export const certificateMounts: readonly Node[] = [
  when(MOUNTED, { name: "certificate", mountPath: FOLDER, readOnly: true }),
  when(AUTHORITY_NAMED, { name: "authority", mountPath: AUTHORITY_FOLDER, readOnly: true }),
];

const APPROVED_BY_HAND = both(REQUESTED, not(truthy(`${PATH}.csr.approve`)));
/** Seconds until the manager must have a certificate: an hour where a person has to approve it. */
export const STARTS_WITHIN = new Expression(`ternary 3600 120 (${APPROVED_BY_HAND.helm})`, (values) =>
  APPROVED_BY_HAND.test(values) ? 3600 : 120,
);

/** Without an issuer of the user's: an authority of their own, by a self-signed one, as cert-manager's documentation has it. */
export function certManagerManifests(): Manifest[] {
  const manifest = (file: string, node: Node): Manifest => ({ part: "webhook", file, node });
  const ecdsa = { algorithm: "ECDSA", size: 256 };
  const dnsName = (end: string): Expression =>
    new Expression(`printf "${WEBHOOK_SERVICE}.%s.svc${end}" .Release.Namespace | quote`, (values) => {
      return `${WEBHOOK_SERVICE}.${String(namespace.evaluate(values))}.svc${end}`;
    });
  const certificate = (more: { readonly [key: string]: Node }): Node => ({
    apiVersion: API,
    kind: "Certificate",
    metadata: namespaced(SERVING),
    spec: {
      secretName: SERVING,
      dnsNames: [dnsName(""), dnsName(".cluster.local")],
      duration: text(`${PATH}.certManager.duration`),
      renewBefore: text(`${PATH}.certManager.renewBefore`),
      usages: ["digital signature", "server auth"],
      privateKey: { ...ecdsa, rotationPolicy: "Always" },
      ...more,
    },
  });
  return [
    manifest(
      "issuer-selfsigned",
      when(OWN_ISSUER, { apiVersion: API, kind: "Issuer", metadata: namespaced(SELF_SIGNED), spec: { selfSigned: {} } }),
    ),
    manifest(
      "certificate-authority",
      when(OWN_ISSUER, {
        apiVersion: API,
        kind: "Certificate",
        metadata: namespaced(AUTHORITY),
        spec: {
          secretName: AUTHORITY,
          commonName: AUTHORITY,
          isCA: true,
          duration: "87600h",
          privateKey: { ...ecdsa, rotationPolicy: "Always" },
          issuerRef: { name: SELF_SIGNED, kind: "Issuer", group: "cert-manager.io" },
        },
      }),
    ),
    manifest(
      "issuer",
      when(OWN_ISSUER, { apiVersion: API, kind: "Issuer", metadata: namespaced(ISSUER), spec: { ca: { secretName: AUTHORITY } } }),
    ),
    manifest("certificate", when(OWN_ISSUER, certificate({ issuerRef: { name: ISSUER, kind: "Issuer", group: "cert-manager.io" } }))),
    manifest(
      "certificate-of-issuer",
      when(
        both(BY_CERT_MANAGER, truthy(`${PATH}.certManager.issuerRef`)),
        certificate({ issuerRef: block(`${PATH}.certManager.issuerRef`) }),
      ),
    ),
  ];
}
