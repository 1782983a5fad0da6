import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import type { Project } from "../project/index.ts";
import { type KindNames, type KindOptions, kindNames } from "./kind-names.ts";
import { addToOperator } from "./operator-file.ts";
import { type Files, filled, writeNew } from "./template.ts";

export interface CreateWebhookOptions extends KindOptions {
  readonly defaulting?: boolean;
  readonly validation?: boolean;
}

/** `outrigger create webhook`: hooks for a kind of the project or of Kubernetes, a test, made known in `src/operator.ts`. */
export async function createWebhook(project: Project, options: CreateWebhookOptions): Promise<void> {
  const { defaulting, validation, names, kindFrom } = await described(project, options);
  const variable = `${names.camel}Webhook`;
  const values = {
    ...names,
    variable,
    anKind: `${/^[AEIOU]/.test(names.Kind) ? "an" : "a"} ${names.Kind}`,
    importWebhook: kindFrom === "kit" ? `${names.Kind}, ` : "",
    importKind: kindFrom === "kit" ? "" : `import { ${names.Kind} } from ${JSON.stringify(`../api/${names.version}/${names.file}.ts`)};\n`,
    hooks: [...(defaulting ? [DEFAULT(names)] : []), ...(validation ? [VALIDATE(names)] : [])].join(""),
    tests: [...(defaulting ? [DEFAULT_TEST(names, variable)] : []), ...(validation ? [VALIDATE_TEST(names, variable)] : [])].join("\n\n"),
  };
  const files: Files = {
    [`src/webhooks/${names.file}.ts`]: filled("webhook/webhook.ts", values),
    [`test/${names.file}.webhook.test.ts`]: filled("webhook/test.ts", values),
  };
  const save = addToOperator(project, [{ list: "webhooks", name: variable, from: `./webhooks/${names.file}.ts` }]);
  writeNew(project.folder, files);
  save();
  for (const written of Object.keys(files)) console.log(`created  ${written}`);
  console.log("changed  src/operator.ts");
  console.log(`\nNext: write the hooks in src/webhooks/${names.file}.ts, then npm test`);
}

async function described(project: Project, options: CreateWebhookOptions) {
  const { defaulting = false, validation = false } = options;
  const both = !defaulting && !validation;
  const hooks = { defaulting: defaulting || both, validation: validation || both };
  const own = options.group === "" || options.group === "core" ? undefined : kindNames(options, project.domain);
  if (own && existsSync(join(project.folder, `src/api/${own.version}/${own.file}.ts`)))
    return { ...hooks, names: own, kindFrom: "project" as const };
  const group = options.group === "core" ? "" : options.group;
  const apiVersion = group === "" ? options.version : `${group}/${options.version}`;
  const builtIn = Object.entries(await import("@outrigger/kit")).some(
    ([name, value]) => name === options.kind && (value as { apiVersion?: unknown }).apiVersion === apiVersion,
  );
  if (builtIn) {
    const names: KindNames = { ...kindNames({ ...options, group: "x" }, "example.com"), group };
    return { ...hooks, names, kindFrom: "kit" as const };
  }
  const known = existsSync(join(project.folder, "src/api"))
    ? readdirSync(join(project.folder, "src/api"), { recursive: true }).filter((file) => String(file).endsWith(".ts"))
    : [];
  throw new CliError(
    `neither the project (${known.join(", ") || "no kinds"}) nor @outrigger/kit has the kind ${options.kind} in ${apiVersion}: outrigger create api makes one`,
    { exitCode: 2 },
  );
}

const DEFAULT = ({ camel }: KindNames): string => `
  .default((${camel}) => {
    // Your defaults here: what the schema's own cannot say.
    ${camel}.metadata.labels = { "app.kubernetes.io/managed-by": "outrigger", ...${camel}.metadata.labels };
  })`;
const VALIDATE = ({ camel }: KindNames): string => `
  .validate((${camel}) => {
    // Your rules here: what the schema's CEL rules cannot say. Return what is wrong, or nothing.
    const { name = "" } = ${camel}.metadata;
    if (name.length > 50) return [{ field: "metadata.name", message: "must have at most 50 characters, so that names can be made of it" }];
    return [];
  })`;
const DEFAULT_TEST = (
  { Kind }: KindNames,
  variable: string,
): string => `test("a ${Kind} gets its defaults, and keeps what it says itself", async () => {
  const { object } = await ${variable}.admit({ metadata: { name: "example" } });
  assert.equal(object.metadata.labels?.["app.kubernetes.io/managed-by"], "outrigger");
  const own = await ${variable}.admit({ metadata: { name: "example", labels: { "app.kubernetes.io/managed-by": "me" } } });
  assert.equal(own.object.metadata.labels?.["app.kubernetes.io/managed-by"], "me");
});`;
const VALIDATE_TEST = (
  { Kind }: KindNames,
  variable: string,
): string => `test("a ${Kind} with a name that is too long is refused", async () => {
  const good = await ${variable}.admit({ metadata: { name: "example" } });
  assert.equal(good.allowed, true);
  const { allowed, message = "" } = await ${variable}.admit({ metadata: { name: "a".repeat(51) } });
  assert.equal(allowed, false);
  assert.match(message, /at most 50 characters/);
});`;
