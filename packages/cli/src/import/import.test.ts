import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { installDefinitions } from "@outrigger/kit/controller";
import type { CustomResourceDefinitionObject } from "@outrigger/kit/schema";
import { startTestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { moduleOf } from "./command.ts";
import { normalDefinition } from "./normal.ts";

const repository = new URL("../../../../", import.meta.url).pathname;
const command = join(repository, "packages/cli/bin/outrigger.js");
const testdata = join(repository, "packages/cli/testdata/import");
const own = join(repository, "deploy/kustomize/crd");
const files = [
  ...readdirSync(testdata).map((name) => join(testdata, name)),
  ...readdirSync(own)
    .filter((name) => name.includes(".outrigger.dev") || name.startsWith("sidecarsets"))
    .map((name) => join(own, name)),
  join(repository, "examples/09-third-party/manifests/certificates.cert-manager.io.yaml"),
];
const definitionsOf = (file: string): CustomResourceDefinitionObject[] =>
  parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as CustomResourceDefinitionObject);
const sourceOf = (index: number): string => join(folder, `kind${index}.ts`);

let folder: string;
beforeAll(() => {
  mkdirSync(join(repository, "packages/cli/dist"), { recursive: true });
  folder = mkdtempSync(join(repository, "packages/cli/dist/import-"));
  for (const [index, file] of files.entries()) writeFileSync(sourceOf(index), moduleOf(definitionsOf(file)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The definitions that a module of source makes, in its order. */
async function madeAgain(file: string): Promise<CustomResourceDefinitionObject[]> {
  const all = (await import(file)) as Record<string, { crd?(conversion?: unknown): CustomResourceDefinitionObject }>;
  return Object.entries(all).flatMap(([name, value]) => value.crd?.(all[`${name}Conversion`]) ?? []);
}
const normal = (all: readonly CustomResourceDefinitionObject[]): unknown[] =>
  all.map((one) => normalDefinition(JSON.parse(JSON.stringify(one)))).sort((a, b) => String(a["name"]).localeCompare(String(b["name"])));

test("the source makes the definition that it was made from", async () => {
  expect(files.length).toBeGreaterThanOrEqual(9);
  for (const [index, file] of files.entries()) expect(normal(await madeAgain(sourceOf(index))), file).toEqual(normal(definitionsOf(file)));
});

test("the builder has words for all that known kinds state", () => {
  const raw = files.filter((_, index) => readFileSync(sourceOf(index), "utf8").includes("t.Unsafe"));
  expect(raw).toEqual([join(testdata, "rare.yaml")]);
  const source = readFileSync(sourceOf(files.indexOf(raw[0]!)), "utf8");
  expect(source.split("t.Unsafe").length).toBe(source.split("// The schema as it was").length);
});

test("the source is formatted, and Biome has nothing against it", () => {
  const biome = join(repository, "node_modules/@biomejs/biome/bin/biome");
  for (const [index, file] of files.entries()) {
    const source = readFileSync(sourceOf(index), "utf8");
    const checked = spawnSync(process.execPath, [biome, "check", "--write", "--stdin-file-path=kind.ts"], {
      cwd: repository,
      input: source,
      encoding: "utf8",
      maxBuffer: 1e8,
    });
    expect([checked.status, checked.stdout], `${file}: ${checked.stderr}`).toEqual([0, source]);
  }
});

test("the source compiles, and its types refuse what the definition refuses", () => {
  const numberOf = (name: string): number => files.indexOf(join(testdata, `${name}.yaml`));
  writeFileSync(
    join(folder, "use.ts"),
    `import type { Desired } from "@outrigger/kit";
import type { Certificate } from "./kind${numberOf("certificate")}.ts";
import type { HTTPRoute } from "./kind${numberOf("http-route")}.ts";
import type { Held, Loose, RareMap } from "./kind${numberOf("rare")}.ts";
type Spec = Desired<typeof Certificate>["spec"] & object;
const issuerRef = { name: "a" };
export const fine: Spec = { secretName: "a", issuerRef, usages: ["server auth"], keystores: { jks: { create: true } } };
// @ts-expect-error required
export const lacking: Spec = { secretName: "a" };
// @ts-expect-error not listed
export const unlisted: Spec = { secretName: "a", issuerRef, usages: ["serve"] };
// @ts-expect-error no such field
export const unknown: Spec = { secretName: "a", issuerRef, secret: "a" };
// @ts-expect-error a number
export const mistyped: Spec = { secretName: "a", issuerRef, revisionHistoryLimit: "1" };
export const defaulted: Desired<typeof HTTPRoute>["spec"] = { rules: [{ backendRefs: [{ name: "a", port: 80 }] }] };
// @ts-expect-error not listed
export const method: Desired<typeof HTTPRoute>["spec"] = { rules: [{ matches: [{ method: "get" }] }] };
const head = { apiVersion: "rare.example.com/v1", metadata: { name: "a" } } as const;
export const map: Desired<typeof RareMap> = { ...head, kind: "Map", data: { a: "b" }, note: null };
// @ts-expect-error required beside the spec
export const noData: Desired<typeof RareMap> = { ...head, kind: "Map" };
export const loose: Desired<typeof Loose> = { ...head, kind: "Loose" };
export const held: Desired<typeof Held> = { ...head, kind: "Held", status: { n: 1 } };
`,
  );
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(repository, "tsconfig.base.json"),
      compilerOptions: { noEmit: true, composite: false, noUnusedLocals: true },
      include: ["*.ts"],
    }),
  );
  const tsc = join(repository, "node_modules/.bin/tsc");
  const { status, stdout } = spawnSync(tsc, ["-p", folder], { encoding: "utf8" });
  expect([status, stdout]).toEqual([0, ""]);
}, 120_000);

const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } };
const small = (spec: object = {}, of: object = version): CustomResourceDefinitionObject =>
  ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "as.example.com" },
    spec: { group: "example.com", scope: "Namespaced", names: { kind: "A", plural: "as" }, versions: [of], ...spec },
  }) as CustomResourceDefinitionObject;

test.each([
  ["a stored version that is not served", small({}, { ...version, served: false }), "as.example.com: the stored version v1 is not served"],
  ["a version of another form", small({}, { ...version, name: "one" }), 'version "one"'],
  ["fields of any kind, kept without a schema", small({ preserveUnknownFields: true }), "preserveUnknownFields is true"],
  ["what it does not know", small({ tenancy: "shared" }), 'tenancy is "shared" and would become undefined'],
  ["a group that wants approval", small({ group: "a.k8s.io" }), "api-approved.kubernetes.io"],
  [
    "a required field without a schema",
    small({}, { ...version, schema: { openAPIV3Schema: { type: "object", required: ["spec"] } } }),
    "spec is required and has no schema",
  ],
  [
    "a status that must be there",
    small(
      {},
      {
        ...version,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: "object", required: ["status"], properties: { status: { type: "object" } } } },
      },
    ),
    "versions.0.schema.required is",
  ],
  [
    "reviews of another version first",
    small({
      conversion: {
        strategy: "Webhook",
        webhook: { conversionReviewVersions: ["v1beta1"], clientConfig: { url: "https://a.example.com" } },
      },
    }),
    "conversionReviewVersions.0 is",
  ],
])("%s is refused", (_what, definition, message) => {
  expect(() => moduleOf([definition])).toThrow(message);
});

test("two kinds of one name get names of their own", () => {
  const other = small({ group: "shop.example.com" });
  const source = moduleOf([small(), { ...other, metadata: { name: "as.shop.example.com" } }]);
  expect(source.match(/export const \w+/g)).toEqual(["export const A", "export const ShopA"]);
  expect(() => moduleOf([small(), small(), small()])).toThrow("comes twice");
});

test("the definitions of a cluster are imported from there, and the cluster takes what the source makes", async () => {
  await using cluster = await startTestCluster({ bare: true });
  const definitions = definitionsOf(join(testdata, "rare.yaml")).filter(({ spec }) => !spec["conversion"]);
  const install = (all: readonly CustomResourceDefinitionObject[]): Promise<unknown> =>
    installDefinitions(
      cluster.client,
      all.map((one) => ({
        apiVersion: `${String(one.spec["group"])}/v1`,
        kind: (one.spec["names"] as { kind: string }).kind,
        crd: () => one,
      })),
    );
  await install([...definitions, ...definitionsOf(join(testdata, "http-route.yaml"))]);
  const output = join(folder, "cluster.ts");
  const names = [...definitions.map(({ metadata }) => metadata.name), "httproutes.gateway.networking.k8s.io"];
  const run = (): Promise<unknown> =>
    promisify(execFile)(process.execPath, [
      command,
      "import",
      ...["--from-cluster", ...names, "--output", output, "--kubeconfig", cluster.kubeconfigFile],
    ]);
  await run();
  const made = await madeAgain(output);
  expect(normal(made)).toEqual(normal([...definitions, ...definitionsOf(join(testdata, "http-route.yaml"))]));
  await install(made);
  await expect(run()).rejects.toThrow(`${output} exists: remove it, or name another file`);
}, 120_000);
