import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { type KubeObject, parseDuration } from "@outrigger/kit/api";
import { type Client, type DynamicResource, dynamicResource } from "@outrigger/kit/client";
import { Secret } from "@outrigger/kit/kinds";
import { createCa, inspectCertificate, isIssuedBy, isKeyOf, issueCertificate } from "@outrigger/kit/pki";
import { type Document, parseAllDocuments } from "yaml";
import { CliError } from "./errors.ts";
import { type ClusterOptions, withClient } from "./kubeconfig.ts";

interface SecretOptions extends ClusterOptions {
  readonly secret: string;
  readonly namespace: string;
}
export interface CreateOptions extends SecretOptions {
  readonly service: string;
  /** Of the certificate and of the key, beside `tls.crt` and `tls.key`: for programs that look for others. */
  readonly fileNames?: readonly [certificate: string, key: string];
  /** Days. */
  readonly days: number;
  /** Days. */
  readonly renewBefore: number;
  /** Signer of Kubernetes' API. Default: an authority that is made for it. */
  readonly signer?: string;
  readonly approve?: boolean;
  readonly authority?: string;
  /** For how long to wait for the signer. */
  readonly wait: string;
}
export interface PatchOptions extends SecretOptions {
  readonly mutating?: readonly string[];
  readonly validating?: readonly string[];
  readonly crd?: readonly string[];
  readonly file?: string;
}

type Data = Readonly<Record<"ca.crt" | "tls.crt" | "tls.key", string>>;

const DAY_MS = 24 * 3600 * 1000;
const ADMISSION = "admissionregistration.k8s.io/v1";
const OLD_ADMISSION = "admissionregistration.k8s.io/v1beta1";
const KINDS = {
  mutating: dynamicResource(ADMISSION, "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "Cluster"),
  validating: dynamicResource(ADMISSION, "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "Cluster"),
  crd: dynamicResource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "Cluster"),
} as const;

/** `outrigger certs create`: what scripts with openssl do, in one Secret. */
export async function createCerts(options: CreateOptions): Promise<void> {
  const { secret: name, namespace, fileNames, days, renewBefore } = options;
  const dnsNames = namesOf(options);
  await withClient(options, async (client) => {
    const found = await read(client, options);
    const named = ({ "tls.crt": certificate, "tls.key": key }: Readonly<Record<string, string>>): Record<string, string> =>
      fileNames === undefined ? {} : { [fileNames[0]]: certificate ?? "", [fileNames[1]]: key ?? "" };
    const hasNames = Object.entries(named(found ?? {})).every(([key, value]) => found?.[key] === value);
    if (found && hasNames && isGood(found, dnsNames, renewBefore))
      return console.log(`Secret ${namespace}/${name} is good until ${endOf(found)}: kept`);
    const data = options.signer === undefined ? made(dnsNames, days) : await signed(client, options, options.signer, dnsNames);
    const encoded = Object.fromEntries(
      Object.entries({ ...data, ...named(data) }).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    );
    await client.apply(
      Secret,
      { apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, type: "kubernetes.io/tls", data: encoded } as never,
      {
        fieldManager: "outrigger-certs",
        force: true,
      },
    );
    console.log(`Secret ${namespace}/${name} has a certificate of ${dnsNames[0]} until ${endOf(data)}; next: outrigger certs patch`);
  });
}

function namesOf({ service, namespace, signer }: CreateOptions): readonly [string, ...string[]] {
  const inCluster = `${service}.${namespace}.svc`;
  // A signer signs no name without its namespace, which would be another Service elsewhere.
  return [inCluster, `${inCluster}.cluster.local`, ...(signer === undefined ? [service] : [])];
}

function made(dnsNames: readonly [string, ...string[]], days: number): Data {
  const authority = createCa({ commonName: dnsNames[0].replace(/\.svc$/, ""), validity: 10 * 365 * DAY_MS });
  const leaf = issueCertificate(authority, { commonName: dnsNames[0], dnsNames, usages: ["server auth"], validity: days * DAY_MS });
  return { "ca.crt": authority.certificate, "tls.crt": leaf.certificate, "tls.key": leaf.key };
}

async function signed(client: Client, options: CreateOptions, signerName: string, dnsNames: readonly [string, ...string[]]): Promise<Data> {
  const { requestCertificate } = await import("@outrigger/operator");
  const waitMs = parseDuration(options.wait);
  const requested = { signerName, approve: options.approve === true, authorityFile: options.authority };
  const expirationSeconds = Math.round((options.days * DAY_MS) / 1000);
  const report = (line: string): void => console.error(line);
  const signal = AbortSignal.timeout(waitMs);
  try {
    const found = await requestCertificate(client, { requested, dnsNames, expirationSeconds, report, signal });
    return { "ca.crt": found.authority, "tls.crt": found.certificate, "tls.key": found.key };
  } catch (error) {
    const message = signal.aborted
      ? `the signer ${signerName} issued nothing in ${options.wait}: does it run, and was the request approved?`
      : (error as Error).message;
    throw new CliError(message, { cause: error });
  }
}

/** `outrigger certs patch`: the authority goes into every `clientConfig` of the objects. */
export async function patchCerts(options: PatchOptions): Promise<void> {
  const targets = (["mutating", "validating", "crd"] as const).flatMap((kind) => (options[kind] ?? []).map((name) => ({ kind, name })));
  if (targets.length === 0 && options.file === undefined)
    throw new CliError("nothing to patch: name objects with --mutating, --validating or --crd, or a file with -f", { exitCode: 2 });
  await withClient(options, async (client) => {
    const found = await read(client, options);
    if (!found)
      throw new CliError(`there is no Secret ${options.namespace}/${options.secret} with ca.crt: outrigger certs create makes one`);
    const bundle = Buffer.from(found["ca.crt"] ?? "").toString("base64");
    for (const { kind, name } of targets) await patchObject(client, KINDS[kind], name, bundle);
    if (options.file !== undefined)
      process.stdout.write(patchedManifests(options.file === "-" ? await text(process.stdin) : readFileSync(options.file, "utf8"), bundle));
  });
}

async function patchObject(client: Client, resource: DynamicResource, name: string, bundle: string): Promise<void> {
  const object = (await client.get(resource, { name })) as unknown as KubeObject;
  const paths = configPaths(object);
  if (paths.length === 0) throw new CliError(`${object.kind} ${name} has no webhook with a clientConfig`);
  // The places are those of this version: another one is not to be edited.
  const test = { op: "test", path: "/metadata/resourceVersion", value: object.metadata.resourceVersion };
  const edits = paths.map((path) => ({ op: "add", path: `/${[...path, "caBundle"].join("/")}`, value: bundle }));
  await client.patch(resource, { name }, { type: "json", patch: [test, ...edits] as never });
  console.error(`${object.kind} ${name}: ${paths.length === 1 ? "1 webhook trusts" : `${paths.length} webhooks trust`} the authority`);
}

/**
 * Manifests with the bundle in every `clientConfig`; comments and order stay. Webhook configurations of `v1beta1`, which no API
 * server since Kubernetes 1.22 takes, come out as `v1`, with what was its default and is not any more.
 */
export function patchedManifests(manifests: string, bundle: string): string {
  const documents = parseAllDocuments(manifests) as Document[];
  let patched = 0;
  for (const document of documents) {
    if (document.errors.length > 0) throw new CliError(`the manifests cannot be read: ${document.errors[0]?.message}`);
    const object = (document.toJS() ?? {}) as KubeObject;
    if (object.apiVersion === OLD_ADMISSION && /^(Mutating|Validating)WebhookConfiguration$/.test(object.kind)) renew(document, object);
    for (const path of configPaths(object)) {
      document.setIn([...path, "caBundle"], bundle);
      patched++;
    }
  }
  if (patched === 0) throw new CliError("no webhook with a clientConfig is in these manifests");
  return documents
    .map((document) => document.toString({ lineWidth: 0 }))
    .join(documents.length > 1 ? "---\n" : "")
    .replace(/---\n---\n/g, "---\n");
}

/** What v1 asks for or takes otherwise, where the manifest is silent. */
const OF_V1BETA1: Readonly<Record<string, unknown>> = {
  sideEffects: "None",
  admissionReviewVersions: ["v1", "v1beta1"],
  failurePolicy: "Ignore",
  matchPolicy: "Exact",
  timeoutSeconds: 30,
};

function renew(document: Document, object: KubeObject): void {
  const webhooks = (object["webhooks"] as Readonly<Record<string, unknown>>[] | undefined) ?? [];
  document.set("apiVersion", ADMISSION);
  webhooks.forEach((webhook, index) => {
    for (const [field, value] of Object.entries(OF_V1BETA1))
      if (webhook[field] === undefined) document.setIn(["webhooks", index, field], document.createNode(value));
    const { sideEffects = "None" } = webhook;
    if (sideEffects !== "None" && sideEffects !== "NoneOnDryRun") {
      throw new CliError(
        `${object.kind} ${object.metadata.name}: webhooks[${index}].sideEffects is ${sideEffects}, which ${ADMISSION} refuses: write None or NoneOnDryRun`,
      );
    }
  });
  console.error(
    `${object.kind} ${object.metadata.name}: ${OLD_ADMISSION} is printed as ${ADMISSION}, with sideEffects: None where it said nothing`,
  );
}

function configPaths(object: KubeObject): (string | number)[][] {
  const webhooks = (object["webhooks"] as { clientConfig?: object }[] | undefined) ?? [];
  const conversion = (object["spec"] as { conversion?: { webhook?: { clientConfig?: object } } } | undefined)?.conversion?.webhook;
  return [
    ...webhooks.flatMap(({ clientConfig }, index) => (clientConfig ? [["webhooks", index, "clientConfig"]] : [])),
    ...(conversion?.clientConfig ? [["spec", "conversion", "webhook", "clientConfig"]] : []),
  ];
}

async function read(client: Client, { namespace, secret: name }: SecretOptions): Promise<Readonly<Record<string, string>> | undefined> {
  const found = (await client.find(Secret, { namespace, name })) as { data?: Record<string, string> } | undefined;
  if (!found?.data?.["ca.crt"]) return undefined;
  return Object.fromEntries(Object.entries(found.data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]));
}

function isGood(data: Readonly<Record<string, string>>, dnsNames: readonly string[], renewBefore: number): boolean {
  const { "tls.crt": certificate = "", "tls.key": key = "", "ca.crt": authority = "" } = data;
  try {
    const facts = inspectCertificate(certificate);
    const left = facts.notAfter.getTime() - Date.now();
    return (
      left > renewBefore * DAY_MS &&
      isKeyOf(certificate, key) &&
      isIssuedBy(certificate, authority) &&
      dnsNames.every((name) => facts.dnsNames.includes(name))
    );
  } catch {
    return false;
  }
}

function endOf(data: Readonly<Record<string, string>>): string {
  return inspectCertificate(data["tls.crt"] ?? "")
    .notAfter.toISOString()
    .slice(0, 10);
}
