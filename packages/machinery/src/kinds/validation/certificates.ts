import { dnsLabelProblems, dnsSubdomainProblems, type KubeObject } from "@outrigger/kit/api";
import { same } from "./comparison.ts";
import { type Fields, number, object, objects, text, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";

const LEGACY_SIGNER = "kubernetes.io/legacy-unknown";
/** A domain, a slash, and a label with a subdomain and the dot between them. */
const MAX_SIGNER_NAME = 253 + 1 + 63 + 1 + 253;
const USAGES = [
  ...["any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only"],
  ...["digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement"],
  ...["key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"],
];

/**
 * A CertificateSigningRequest (`pkg/apis/certificates/validation`). Of the request only the PEM armour is looked at:
 * what it asks for is its signer's affair.
 */
export function findInSigningRequest(found: Findings, request: KubeObject): void {
  const spec = object(request, "spec") ?? {};
  const pem = text(spec, "request");
  if (blocks(pem)[0] !== "CERTIFICATE REQUEST")
    found.invalid("spec.request", spec["request"] ?? null, "PEM block type must be CERTIFICATE REQUEST");
  const usages = texts(spec, "usages");
  if (usages.length === 0) found.required("spec.usages");
  usages.forEach((usage, index) => {
    if (!USAGES.includes(usage)) found.notSupported(`spec.usages[${index}]`, usage, USAGES);
  });
  usages.forEach((usage, index) => {
    if (usages.indexOf(usage) < index) found.duplicate(`spec.usages[${index}]`, usage);
  });
  findInSignerName(found, text(spec, "signerName"), "spec.signerName");
  const seconds = number(spec, "expirationSeconds");
  if (seconds !== undefined && seconds < 600) {
    found.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 600 seconds (10 minutes)");
  }
  findInConditions(found, object(request, "status"));
  const problem = certificateProblem(text(object(request, "status"), "certificate"));
  if (problem !== "") found.invalid("status.certificate", "<certificate data>", problem);
}

/** The types of the PEM blocks in a base64 field. */
function blocks(base64: string): string[] {
  const pem = Buffer.from(base64, "base64").toString("latin1");
  return [...pem.matchAll(/-----BEGIN ([^\n]+)-----\s[\s\S]+?-----END \1-----/g)].map(([, type = ""]) => type);
}

function certificateProblem(base64: string): string {
  if (base64 === "") return "";
  const types = blocks(base64);
  const other = types.find((type) => type !== "CERTIFICATE");
  if (other !== undefined) return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(other)}`;
  return types.length === 0 ? "must contain at least one CERTIFICATE PEM block" : "";
}

function findInSignerName(found: Findings, name: string, path: string): void {
  if (name === LEGACY_SIGNER) {
    found.invalid(path, name, "the legacy signerName is not allowed via this API version");
    return;
  }
  if (name === "") {
    found.required(path);
    return;
  }
  const [domain = "", signer, ...more] = name.split("/");
  if (signer === undefined || more.length > 0) {
    found.invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
    return;
  }
  if (domain.length > 253) found.tooLong(path, 253);
  findInFirstBadLabel(found, domain, path, dnsLabelProblems);
  if (!domain.includes(".")) found.invalid(path, domain, "should be a domain with at least two segments separated by dots");
  findInFirstBadLabel(found, signer, path, dnsSubdomainProblems);
  if (name.length > MAX_SIGNER_NAME) found.tooLong(path, MAX_SIGNER_NAME);
}

function findInFirstBadLabel(found: Findings, name: string, path: string, problemsOf: (label: string) => readonly string[]): void {
  const bad = name.split(".").find((label) => problemsOf(label).length > 0);
  if (bad === undefined) return;
  const problems = problemsOf(bad).map((problem) => `validating label ${JSON.stringify(bad)}: ${problem}`);
  found.invalidEach(path, name, problems);
}

/** Conditions that can only be true: a request is not un-approved. */
const ONLY_TRUE = ["Approved", "Denied", "Failed"];

function findInConditions(found: Findings, status: Fields | undefined): void {
  const seen = new Set<string>();
  for (const [index, condition] of objects(status, "conditions").entries()) {
    const at = `status.conditions[${index}]`;
    const type = text(condition, "type");
    if (type === "") found.required(`${at}.type`);
    found.oneOf(`${at}.status`, text(condition, "status"), ONLY_TRUE.includes(type) ? ["True"] : ["False", "True", "Unknown"]);
    const opposite = type === "Approved" ? "Denied" : type === "Denied" ? "Approved" : "";
    if (opposite !== "" && seen.has(opposite)) {
      found.invalid("status.conditions", type, "Approved and Denied conditions are mutually exclusive");
    }
    if (seen.has(type)) found.duplicate(`${at}.type`, type);
    seen.add(type);
  }
}

/** What each endpoint may write: `approval` decides, `status` issues, the object itself neither. */
export function findInSigningRequestUpdate(found: Findings, request: KubeObject, old: KubeObject, subresource: string): void {
  findInSigningRequest(found, request);
  const conditions = (each: KubeObject, type: string) =>
    objects(object(each, "status"), "conditions").filter((condition) => text(condition, "type") === type);
  for (const type of ONLY_TRUE) {
    const [now, before] = [conditions(request, type), conditions(old, type)];
    const quoted = JSON.stringify(type);
    if (now.length < before.length) found.forbidden("status.conditions", `updates may not remove a condition of type ${quoted}`);
    else if (type === "Failed" || subresource === "approval") continue;
    else if (now.length > before.length) found.forbidden("status.conditions", `updates may not add a condition of type ${quoted}`);
    else if (!same(now, before)) found.forbidden("status.conditions", `updates may not modify a condition of type ${quoted}\n`);
  }
  const [certificate, before] = [request, old].map((each) => text(object(each, "status"), "certificate"));
  if (certificate === before) return;
  if (subresource !== "status") found.forbidden("status.certificate", "updates may not set certificate content");
  else if (before !== "") found.forbidden("status.certificate", "updates may not modify existing certificate content");
}
