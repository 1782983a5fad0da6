// The examples' own tests on a real Kubernetes, each operator under exactly the rules that its code declares: the audit log says
// that it was refused nothing, and which rights it did not use.
import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyRule } from "@outrigger/kit/controller";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestsOf, rightsOf, textOf, uses } from "./audit.ts";
import exceptions from "./example-exceptions.json" with { type: "json" };

const ROOT = new URL("..", import.meta.url).pathname;
const EXAMPLES = [
  ...["01-network", "02-custompod", "03-appservice", "04-webhook", "05-versions"],
  ...["06-finalizer", "07-index", "08-leader-election", "09-third-party", "10-environment"],
];
const folder = mkdtempSync(join(tmpdir(), "outrigger-rights-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  if (!process.env["KUBEBUILDER_ASSETS"]) throw new Error("only a real API server has this audit log: set KUBEBUILDER_ASSETS");
  const { VITEST: _, ...env } = process.env;
  const args = [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--project", "real-examples"];
  await new Promise<void>((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { cwd: ROOT, env: { ...env, OUTRIGGER_AUDIT_LOGS: folder }, maxBuffer: 1e9, timeout: 400_000 },
      (error, stdout, stderr) => (error ? reject(new Error(`the examples' tests failed:\n${stdout}${stderr}`)) : resolve()),
    );
  });
}, 420_000);

interface RoleEvent {
  readonly verb: string;
  readonly objectRef?: { readonly resource?: string; readonly apiGroup?: string };
  readonly requestObject?: { readonly metadata: { readonly name: string }; readonly rules: readonly PolicyRule[] };
}

/** The audit log in which a user was given rights, and these. */
function granted(user: string): { readonly log: string; readonly rules: readonly PolicyRule[] } {
  for (const log of globSync(join(folder, "*/audit.log"))) {
    const rules = readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line.includes('"requestObject"'))
      .map((line) => JSON.parse(line) as RoleEvent)
      .filter(
        ({ objectRef, requestObject }) => /^(cluster)?roles$/.test(objectRef?.resource ?? "") && requestObject?.metadata.name === user,
      )
      .flatMap(({ requestObject }) => requestObject?.rules ?? []);
    if (rules.length > 0) return { log, rules };
  }
  throw new Error(`no audit log says that ${user} was given rights`);
}

describe.each(EXAMPLES)("%s with exactly the rights that its code declares", (user) => {
  test("is refused nothing", () => {
    const refused = requestsOf(granted(user).log, user).filter(({ code }) => code === 403);
    expect(refused.map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([]);
  });

  test("uses each of them, but for those that stand in example-exceptions.json with a reason", () => {
    const { log, rules } = granted(user);
    const requests = requestsOf(log, user);
    expect(requests.length).toBeGreaterThan(0);
    const unused = rightsOf(rules).filter((right) => !requests.some((request) => uses(request, right)));
    const excepted = exceptions.filter(({ example }) => example === "*" || example === user).map(({ right }) => new RegExp(`^${right}`));
    expect(unused.map(textOf).filter((text) => !excepted.some((one) => one.test(text)))).toEqual([]);
  });
});
