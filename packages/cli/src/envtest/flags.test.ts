import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { helpOf, parseFlags } from "./flags.ts";
import { apiServerFlags } from "./kube-apiserver-flags.ts";

const parse = (...args: string[]): ReturnType<typeof parseFlags> => parseFlags("kube-apiserver", apiServerFlags, args);

describe("flags of kube-apiserver", () => {
  test("are read as pflag reads them: with =, with a space, booleans alone, lists with commas and repeated", () => {
    const values = parse("--secure-port=1", "--bind-address", "127.0.0.1", "--allow-privileged", "--etcd-servers=a,b", "--etcd-servers=c");
    expect([...values]).toEqual([
      ["secure-port", ["1"]],
      ["bind-address", ["127.0.0.1"]],
      ["allow-privileged", ["true"]],
      ["etcd-servers", ["a", "b", "c"]],
    ]);
  });

  test.each([
    ["--feature-gates=Some=true", "does not honour --feature-gates=Some=true"],
    ["what", "does not honour what"],
    ["--secure-port", "--secure-port needs a value"],
    ["--service-cluster-ip-range=10.1.0.0/16", "--service-cluster-ip-range=10.1.0.0/16 is not honoured: the addresses of Services"],
    ["--authorization-mode=AlwaysAllow", "rights come from RBAC"],
    ["--authorization-mode=RBAC,Webhook", "rights come from RBAC"],
    ["--enable-admission-plugins=AlwaysPullImages", "the devcluster has no such plug-in"],
    ["--disable-admission-plugins=ValidatingAdmissionWebhook", "webhooks and policies are always asked"],
    ["--disable-admission-plugins=MutatingAdmissionPolicy", "webhooks and policies are always asked"],
    ["--allow-privileged=false", "privileged pods are taken here"],
  ])("%s is refused", (flag, message) => {
    expect(() => parse(flag)).toThrow(message);
  });

  test("stand in the help as envtest looks for them", () => {
    const help = helpOf("kube-apiserver", "x", apiServerFlags);
    for (const name of Object.keys(apiServerFlags)) expect(help).toMatch(new RegExp(`^\\s*--${name}\\b`, "m"));
    expect(help).not.toMatch(/--insecure-port/);
  });
});

describe("the programs", () => {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-envtest-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const program = (name: string, ...args: string[]): { status: number | null; stderr: string } => {
    const main = join(import.meta.dirname, `${name}-main.ts`);
    const { status, stderr } = spawnSync(process.execPath, ["--conditions=source", main, ...args], { encoding: "utf8", timeout: 30_000 });
    return { status, stderr };
  };

  test("end with one line for a flag that is not honoured and a file that is missing", { timeout: 60_000 }, () => {
    expect(program("kube-apiserver", "--feature-gates=a=true")).toEqual({
      status: 1,
      stderr: "kube-apiserver: the devcluster does not honour --feature-gates=a=true: leave it out, or see kube-apiserver --help\n",
    });
    const missing = join(folder, "missing.csv");
    const { status, stderr } = program("kube-apiserver", `--cert-dir=${folder}`, `--token-auth-file=${missing}`, "--secure-port=0");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^kube-apiserver: cannot read the token file .*missing\.csv: ENOENT.*\n$/);
    // What a real one makes in its folder where there is nothing.
    expect(existsSync(join(folder, "apiserver.key"))).toBe(true);
    expect(readFileSync(join(folder, "apiserver.crt"), "utf8").match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(program("etcd", "--listen-client-urls=https://127.0.0.1:0").stderr).toBe(
      "etcd: --listen-client-urls=https://127.0.0.1:0: only http:// is served\n",
    );
  });
});
