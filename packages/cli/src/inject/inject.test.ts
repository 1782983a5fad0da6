import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { unifiedDiff } from "./diff.ts";
import { type InjectOptions, inject, review } from "./index.ts";

const DEPLOYMENT = `# the shop
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata:
      labels: &labels {app: web} # chosen by logtail
    spec:
      containers:
        # the only one
        - name: web
          image: "nginx"
  selector: {matchLabels: *labels}
---
kind: Other   # with odd   spaces
`;
const RULES = `apiVersion: apps.kruise.io/v1alpha1
kind: SidecarSet
metadata: {name: logtail}
spec:
  selector: {matchLabels: {app: web}}
  containers: [{name: logtail, image: "logtail:1"}]
---
apiVersion: outrigger.dev/v1alpha1
kind: PodDefaults
metadata: {name: team}
spec:
  selector: {matchLabels: {app: web}}
  labels: [{name: team, value: web}]
`;

interface Ran {
  readonly out: string;
  readonly err: string;
  readonly error: { readonly exitCode?: number; readonly message?: string } | undefined;
}

async function ran(work: () => Promise<void>): Promise<Ran> {
  let [out, err] = ["", ""];
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      out += String(text);
      return true;
    }),
    vi.spyOn(console, "error").mockImplementation((text: string) => {
      err += `${text}\n`;
    }),
  ];
  const error = await work().then(
    () => undefined,
    (failure: object) => failure,
  );
  for (const spy of spies) spy.mockRestore();
  return { out, err, error };
}

function folder(files: Readonly<Record<string, string>>): (name: string) => string {
  const path = mkdtempSync(join(tmpdir(), "outrigger-inject-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return (name) => join(path, name);
}

const run = (paths: readonly string[], options: Partial<InjectOptions>): Promise<Ran> =>
  ran(() => inject(paths, { managerNamespace: "outrigger-system", ...options }));

test("a file gets its sidecars in its place, comments and aliases stay, and it is taken back to the byte", async () => {
  const at = folder({ "web.yaml": DEPLOYMENT, "rules.yaml": RULES });
  const options = { rules: [at("rules.yaml")], inPlace: true };
  expect(await run([at("web.yaml")], options)).toEqual({ out: "", err: "", error: undefined });
  const text = readFileSync(at("web.yaml"), "utf8");
  expect(text).toContain("- name: logtail\n          image: logtail:1\n");
  expect(text).toContain('        # the only one\n        - name: web\n          image: "nginx"\n');
  // The selector must not get what the template's labels get.
  expect(text).toContain('labels: &labels {app: web, "team": "web"} # chosen by logtail');
  expect(text).toContain('selector: {matchLabels: {"app": "web"}}');
  expect(text).toMatch(/---\nkind: Other {3}# with odd {3}spaces\n$/);
  await run([at("web.yaml")], options);
  expect(readFileSync(at("web.yaml"), "utf8")).toBe(text);
  await run([at("web.yaml")], { uninject: true, inPlace: true });
  expect(readFileSync(at("web.yaml"), "utf8")).toBe(DEPLOYMENT);
});

test("of a file that was edited since, what people changed stays", async () => {
  const at = folder({ "web.yaml": DEPLOYMENT, "rules.yaml": RULES });
  const { out } = await run([at("web.yaml")], { rules: [at("rules.yaml")] });
  const edit = (text: string): string => text.replace('image: "nginx"', 'image: "nginx:2" # newer');
  writeFileSync(at("edited.yaml"), edit(out).replace('"team": "web"', '"team": "other"'));
  const back = await run([at("edited.yaml")], { uninject: true });
  expect(back.err).toContain("Deployment/web was edited since the injection: taken out by names");
  expect(back.err).toContain("Deployment/web: metadata.labels.team was changed since, and stays");
  // An alias that was written out stays so: nobody knows any more that it was one.
  const expected = edit(DEPLOYMENT).replace("{app: web} #", '{app: web, "team": "other"} #').replace("*labels", '{"app": "web"}');
  expect(back.out).toBe(expected);
});

test("a folder, several outputs, and what each rule did", async () => {
  const at = folder({ "web.yaml": DEPLOYMENT, "rules.yaml": RULES, "cron.json": '{"apiVersion":"v1","kind":"List","items":[]}' });
  const options = { rules: [at("rules.yaml")] };
  const patch = await run([at("web.yaml")], { ...options, output: "patch", explain: true });
  expect(JSON.parse(patch.out)).toMatchObject([
    {
      kind: "Deployment",
      namespace: "shop",
      name: "web",
      patch: expect.arrayContaining([{ op: "add", path: "/spec/template/metadata/labels/team", value: "web" }]),
    },
  ]);
  expect(patch.err).toContain("SidecarSet/logtail");
  expect(patch.err).toContain("selector and namespace match: logtail injected");
  const json = JSON.parse((await run([at("")], { ...options, output: "json" })).out) as { items: { kind: string }[] };
  expect(json.items.map(({ kind }) => kind)).toEqual(["List", "SidecarSet", "PodDefaults", "Deployment", "Other"]);
  const diff = await run([at("web.yaml")], { ...options, output: "diff" });
  writeFileSync(at("a.diff"), diff.out);
  execFileSync("git", ["apply", "--unsafe-paths", "-p1", "--directory=/", at("a.diff")], { cwd: "/" });
  expect(readFileSync(at("web.yaml"), "utf8")).toBe((await run([at("web.yaml")], options)).out);
});

test("nothing to inject, a mistake in a manifest, in a rule, and a name that clashes, are told apart", async () => {
  const clash = DEPLOYMENT.replace("name: web\n          image", "name: logtail\n          image");
  const at = folder({
    "web.yaml": DEPLOYMENT,
    "rules.yaml": RULES,
    "other.yaml": DEPLOYMENT.replace("app: web", "app: other"),
    "bad.yaml": `a: 1\n---\n${DEPLOYMENT}  containers: [`,
    "clash.yaml": clash,
    "bad-rule.yaml": RULES.replace("image:", "imag:"),
    "template.yaml": "containers: [{name: proxy, image: p}]\n",
    "bad-template.yaml": "container: []\n",
  });
  const rules = [at("rules.yaml")];
  const none = await run([at("other.yaml")], { rules, failOnNone: true });
  expect(none.error).toMatchObject({ exitCode: 3 });
  expect(none.out).toContain("app: other");
  expect((await run([at("web.yaml")], { rules, failOnNone: true })).error).toBeUndefined();
  expect((await run([at("bad.yaml")], { rules })).error?.message).toMatch(/bad\.yaml: .* at line 19, column \d+$/);
  expect((await run([at("clash.yaml")], { rules })).error?.message).toContain("logtail");
  expect((await run([at("web.yaml")], { rules: [at("bad-rule.yaml")] })).error?.message).toContain("bad-rule.yaml: SidecarSet logtail");
  expect((await run([at("web.yaml")], { rules: [at("bad-template.yaml")] })).error?.message).toMatch(
    /bad-template\.yaml:1:1: .*did you mean containers\?/,
  );
  expect((await run([at("web.yaml")], {})).error).toMatchObject({ exitCode: 2 });
  // A template that is named by hand acts where nobody says otherwise.
  expect((await run([at("web.yaml")], { rules: [at("template.yaml")] })).out).toContain("- name: proxy");
  const silent = { rules: [at("template.yaml")], namespaceLabel: ["sidecar-injection=disabled"] };
  expect((await run([at("web.yaml")], silent)).out).toBe(DEPLOYMENT);
});

test("a review is answered as the manager's webhook would", async () => {
  const pod = { metadata: { generateName: "a-", labels: { app: "web" } }, spec: { containers: [{ name: "web" }] } };
  const request = {
    ...{ uid: "u", kind: { group: "", version: "v1", kind: "Pod" }, resource: { group: "", version: "v1", resource: "pods" } },
    ...{ operation: "CREATE", namespace: "shop", object: { apiVersion: "v1", kind: "Pod", ...pod } },
  };
  const at = folder({
    "rules.yaml": RULES,
    "r.json": JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request }),
  });
  const options = { managerNamespace: "outrigger-system", rules: [at("rules.yaml")], explain: true };
  const { out, err } = await ran(() => review(at("r.json"), options));
  const { response } = JSON.parse(out) as { response: { uid: string; allowed: boolean; patch: string } };
  expect(response).toMatchObject({ uid: "u", allowed: true });
  expect(Buffer.from(response.patch, "base64").toString()).toContain('"logtail"');
  expect(err).toContain("logtail injected");
  expect((await ran(() => review(at("rules.yaml"), options))).error?.message).toContain("the body is not JSON");
});

test("a diff makes one text into the other", () => {
  const texts = fc.array(fc.constantFrom("a\n", "b\n", "c\n", "\n"), { maxLength: 40 }).map((lines) => lines.join(""));
  void fc.assert(
    fc.property(texts, texts, (before, after) => {
      const text = unifiedDiff("f", before, after);
      expect(text === "").toBe(before === after);
      expect(patched(before, text)).toBe(after);
    }),
  );
});

/** What `patch` does, without a search for hunks that moved. */
function patched(before: string, diff: string): string {
  const old = before.match(/.*\n/g) ?? [];
  let [at, result] = [0, ""];
  for (const line of (diff.match(/.*\n/g) ?? []).slice(2)) {
    const [, start, count] = /^@@ -(\d+)(?:,(\d+))? /.exec(line) ?? [];
    if (start !== undefined) {
      const from = count === "0" ? Number(start) : Number(start) - 1;
      result += old.slice(at, from).join("");
      at = from;
    } else if (line.startsWith("+")) result += line.slice(1);
    else {
      expect(old[at]).toBe(line.slice(1));
      if (line.startsWith(" ")) result += line.slice(1);
      at++;
    }
  }
  return result + old.slice(at).join("");
}
