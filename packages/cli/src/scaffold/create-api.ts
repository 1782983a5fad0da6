import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../project/index.ts";
import { type KindOptions, kindNames } from "./kind-names.ts";
import { addToOperator } from "./operator-file.ts";
import { type Files, filled, writeNew } from "./template.ts";

export interface CreateApiOptions extends KindOptions {
  /** False: the kind alone. */
  readonly controller?: boolean;
  readonly clusterScoped?: boolean;
}

/** `outrigger create api`: a kind, its controller, a test and a sample, made known in `src/operator.ts`. */
export function createApi(project: Project, options: CreateApiOptions): void {
  const names = kindNames(options, project.domain);
  const { Kind, variable, file, version, plural, groupPrefix } = names;
  const { controller = true, clusterScoped = false } = options;
  const extra = [
    ...(plural === `${Kind.toLowerCase()}s` ? [] : [`  plural: "${plural}",\n`]),
    ...(clusterScoped ? ['  scope: "Cluster",\n'] : []),
  ].join("");
  const values = {
    ...names,
    extra,
    namespaceLine: clusterScoped ? "" : "  const namespace = await cluster.namespace();\n",
    key: clusterScoped ? '{ name: "example" }' : '{ namespace, name: "example" }',
  };
  const api = `src/api/${version}/${file}.ts`;
  const controllerFile = `src/controllers/${file}.ts`;
  // A further version shares the controller of the kind.
  const further = existsSync(join(project.folder, controllerFile)) && !existsSync(join(project.folder, api));
  const files: Files = {
    [api]: filled("api/api.ts", values),
    [`config/samples/${groupPrefix.replaceAll(".", "_")}_${version}_${file}.yaml`]: filled("api/sample.yaml", values),
    ...(controller && !further
      ? { [controllerFile]: filled("api/controller.ts", values), [`test/${file}.test.ts`]: filled("api/test.ts", values) }
      : {}),
  };
  const additions = [
    { list: "kinds", name: Kind, from: `./api/${version}/${file}.ts` },
    ...(controller ? [{ list: "controllers", name: variable, from: `./controllers/${file}.ts` }] : []),
  ];
  const save = further ? undefined : addToOperator(project, additions);
  writeNew(project.folder, files);
  save?.();
  for (const written of Object.keys(files)) console.log(`created  ${written}`);
  if (save) console.log("changed  src/operator.ts");
  if (further)
    console.log(
      `\n${Kind} has other versions: tie them together with withVersions(…) in src/operator.ts, kinds: [withVersions(${Kind}, [formerVersion(…)])]`,
    );
  else console.log(`\nNext: describe the fields in ${api}${controller ? `, write the logic in ${controllerFile}, then npm test` : ""}`);
}
