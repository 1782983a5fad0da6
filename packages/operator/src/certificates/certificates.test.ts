import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import type { Client } from "@outrigger/kit/client";
import { CertificateSigningRequest, Secret } from "@outrigger/kit/kinds";
import { type CertificateAuthority, createCa, createCsr, isIssuedBy, issueCertificate, mergeBundles, signCsr } from "@outrigger/kit/pki";
import { eventually } from "@outrigger/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type CertificateSource, fileCertificate, OWN_SIGNER, requestedCertificate, startSigner } from "./index.ts";
import { refusalOf } from "./signer.ts";

const NAME = "outrigger-webhook.here.svc";
const DAY = 24 * 3600 * 1000;
const authority = (commonName: string): CertificateAuthority => createCa({ commonName });
const first = authority("first");
const second = authority("second");
interface Files {
  readonly "tls.crt": string;
  readonly "tls.key": string;
  readonly "ca.crt": string;
}
function issued(ca: CertificateAuthority, more: object = {}): Files {
  const { certificate, key } = issueCertificate(ca, { commonName: NAME, dnsNames: [NAME], usages: ["server auth"], ...more });
  return { "tls.crt": certificate, "tls.key": key, "ca.crt": ca.certificate };
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe("a certificate in a mounted Secret", () => {
  let version = 0;
  let said: string[];
  let trusted: boolean;

  /** As the kubelet writes: a new folder, to which `..data` is turned. */
  function mount(folder: string, files: Partial<Files>): void {
    const data = `..${++version}`;
    mkdirSync(join(folder, data));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, data, name), text);
    symlinkSync(data, join(folder, "..next"));
    renameSync(join(folder, "..next"), join(folder, "..data"));
  }
  function mounted(files: Partial<Files>): string {
    const folder = mkdtempSync(join(tmpdir(), "outrigger-certificate-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    mount(folder, files);
    for (const name of ["tls.crt", "tls.key", "ca.crt"]) symlinkSync(join("..data", name), join(folder, name));
    return folder;
  }
  async function follow(folder: string): Promise<CertificateSource> {
    said = [];
    trusted = false;
    const report = (line: string): void => void said.push(line);
    const source = await fileCertificate({
      folder,
      dnsName: NAME,
      report,
      trusts: async () => trusted,
      onError: (error) => report(String(error)),
    });
    cleanups.push(() => source.stop());
    return source;
  }

  test("is served, and the next one of the same authority as soon as the kubelet has written it", async () => {
    const files = issued(first);
    const folder = mounted(files);
    const source = await follow(folder);
    expect(source.current).toEqual({ certificate: files["tls.crt"], key: files["tls.key"], caBundle: files["ca.crt"] });
    const next = issued(first);
    mount(folder, next);
    await eventually(() => source.current.certificate === next["tls.crt"]);
    expect(said).toEqual([]);
  });

  test("of another authority is served once API servers trust that one; until then the bundle has both", async () => {
    const files = issued(first);
    const folder = mounted(files);
    const source = await follow(folder);
    const told: string[] = [];
    source.onChange(({ certificate, caBundle }) => void told.push(`${certificate === files["tls.crt"] ? "before" : "after"} ${caBundle}`));
    const next = issued(second);
    mount(folder, next);
    const both = mergeBundles(first.certificate, second.certificate);
    await eventually(() => source.current.caBundle === both);
    expect(source.current.certificate).toBe(files["tls.crt"]);
    trusted = true;
    await eventually(() => source.current.certificate === next["tls.crt"]);
    expect(source.current.caBundle).toBe(second.certificate);
    expect(told).toEqual([`before ${both}`, `after ${second.certificate}`]);
  });

  test("that is half written leaves the one before in force, and says so", async () => {
    const files = issued(first);
    const folder = mounted(files);
    const source = await follow(folder);
    const next = issued(first);
    mount(folder, { ...next, "tls.key": files["tls.key"] });
    await eventually(() => said.some((line) => /tls.key is not the key of tls.crt; what was read before stays in force/.test(line)));
    expect(source.current.certificate).toBe(files["tls.crt"]);
    mount(folder, next);
    await eventually(() => source.current.certificate === next["tls.crt"]);
  });

  test.each<[string, () => Partial<Files>, RegExp]>([
    ["no file", () => ({}), /the webhooks' certificate cannot be used: ENOENT.*tls.crt/],
    ["no authority", () => ({ ...issued(first), "ca.crt": "" }), /ca.crt holds no certificate.*SelfSigned and Vault/],
    ["another authority", () => ({ ...issued(first), "ca.crt": second.certificate }), /was not issued by an authority in ca.crt/],
    ["other names", () => issued(first, { dnsNames: ["other.svc"] }), /is of other.svc, and API servers call outrigger-webhook.here.svc/],
    ["one that is over", () => issued(first, { now: new Date(Date.now() - 3 * DAY), validity: DAY }), /tls.crt ended on/],
    ["text", () => ({ ...issued(first), "tls.crt": "hello" }), /tls.crt holds no certificate/],
  ])("cannot be %s at the start", async (_what, files, message) => {
    const folder = mounted(files());
    await expect(follow(folder)).rejects.toThrow(message);
  });

  test("may be self-signed, as cert-manager's SelfSigned issuer makes it", async () => {
    const files = issued(first);
    await follow(mounted({ ...files, "ca.crt": files["tls.crt"] }));
  });
});

describe("a requested certificate", () => {
  let cluster: Devcluster;
  let client: Client;
  beforeAll(async () => {
    cluster = await startDevcluster({ bare: true });
    client = await cluster.client();
  });
  afterAll(() => cluster?.close());

  const said: string[] = [];
  const request = async (requested: { signerName: string; approve: boolean; authorityFile?: string }, own?: () => Promise<string>) => {
    said.length = 0;
    const stopping = new AbortController();
    cleanups.push(() => stopping.abort());
    const source = await requestedCertificate(client, {
      requested,
      dnsNames: [NAME, `${NAME}.cluster.local`],
      authority: own,
      report: (line) => void said.push(line),
      trusts: async () => true,
      onError: (error) => void said.push(String(error)),
      signal: stopping.signal,
      pollMs: 50,
    });
    cleanups.push(() => source.stop());
    return source;
  };
  const requests = async (signerName: string) =>
    (await client.list(CertificateSigningRequest, { fieldSelector: `spec.signerName=${signerName}` })).items;
  const decide = async (signerName: string, type: "Approved" | "Denied"): Promise<string> => {
    const [one] = await eventually(async () => {
      const found = (await requests(signerName)).filter(({ status }) => !status?.conditions?.length);
      return found.length > 0 && found;
    });
    const status = { conditions: [{ type, status: "True", reason: "ByHand", message: "so it was decided" }] };
    await client.update(CertificateSigningRequest, { ...one, status } as never, { subresource: "approval" });
    return one!.metadata.name!;
  };
  const signer = async () => {
    const one = await startSigner(client, { namespace: "default", secretName: "signer", report: (line) => void said.push(line) });
    cleanups.push(() => one.stop());
    return one;
  };

  test("of the manager's own signer, approved by itself, is issued; a new authority brings a new certificate", async () => {
    const { authority: present } = await signer();
    // A second replica signs too.
    await signer();
    const source = await request({ signerName: OWN_SIGNER, approve: true }, present);
    const { certificate, caBundle } = source.current;
    expect(caBundle).toBe(await present());
    expect(isIssuedBy(certificate, caBundle)).toBe(true);
    await client.patch(
      Secret,
      { namespace: "default", name: "signer" },
      { type: "merge", patch: { data: { rotate: Buffer.from("now").toString("base64") } } },
    );
    await eventually(() => source.current.caBundle !== caBundle && source.current.certificate !== certificate);
    expect(source.current.caBundle).toBe(await present());
    expect(said).toEqual([]);
  });

  test("waits for somebody who approves it, and says how", async () => {
    const { authority: present } = await signer();
    const waiting = request({ signerName: OWN_SIGNER, approve: false }, present);
    const name = await decide(OWN_SIGNER, "Approved");
    await waiting;
    expect(said).toEqual([`CertificateSigningRequest ${name} waits for somebody who approves it: kubectl certificate approve ${name}`]);
  });

  test("of a signer of others has the authority that this one issues behind it", async () => {
    const signerName = "example.com/serving";
    const waiting = request({ signerName, approve: true });
    const [one] = await eventually(async () => {
      const found = (await requests(signerName)).filter(({ status }) => status?.conditions?.length);
      return found.length > 0 && found;
    });
    const csr = Buffer.from(one!.spec.request, "base64").toString();
    const certificate = Buffer.from(signCsr(first, csr, { usages: ["server auth"] }) + first.certificate).toString("base64");
    await client.update(CertificateSigningRequest, { ...one, status: { ...one!.status, certificate } } as never, { subresource: "status" });
    expect((await waiting).current.caBundle).toBe(first.certificate);
  });

  test("that is denied ends the start with the reason", async () => {
    const waiting = request({ signerName: "example.com/strict", approve: false });
    waiting.catch(() => {});
    const name = await decide("example.com/strict", "Denied");
    await expect(waiting).rejects.toThrow(`CertificateSigningRequest ${name} of example.com/strict: Denied (ByHand) so it was decided`);
  });

  test.each<[object, readonly string[], RegExp | undefined]>([
    [{ dnsNames: ["a.b.svc"] }, ["server auth"], undefined],
    [{ commonName: "a.b.svc", dnsNames: ["a.b.svc", "a.b.svc.cluster.local"] }, ["digital signature", "server auth"], undefined],
    [{ dnsNames: ["a.b.svc"] }, ["client auth"], /usages are "server auth"/],
    [{ dnsNames: ["a.b.svc"] }, ["server auth", "cert sign"], /usages are "server auth"/],
    [{ dnsNames: ["kubernetes"] }, ["server auth"], /names of Services .* not kubernetes/],
    [{ dnsNames: ["a.b.svc"], ipAddresses: ["10.0.0.1"] }, ["server auth"], /not 10.0.0.1/],
    [{ commonName: "system:masters", dnsNames: ["a.b.svc"] }, ["server auth"], /not system:masters/],
    [{ dnsNames: ["a.b.svc"], organizations: ["system:masters"] }, ["server auth"], /no organizations/],
    [{}, ["server auth"], /names no DNS name/],
  ])("of %j for %j", (wanted, usages, message) => {
    const { csr } = createCsr(wanted);
    const refusal = refusalOf({ spec: { request: Buffer.from(csr).toString("base64"), usages } });
    if (message) expect(refusal).toMatch(message);
    else expect(refusal).toBeUndefined();
  });
});
