// The operator's chart. Custom resources are in a chart of their own (`resources-chart.ts`), so that uninstalling the one
// never leaves the other's finalizers to nobody.

import { helmTemplate, valuesSchema } from "@outrigger/operator/manifest-tree";
import type { Files } from "./files.ts";
import type { Source } from "./names.ts";
import { manifestsOf } from "./objects.ts";
import { valueTree } from "./values.ts";

export const chartFolder = (name: string): string => `charts/${name}`;

/** Files that are written anew each time. */
export function operatorChart(source: Source): Files {
  const { project, operator } = source;
  const folder = chartFolder(operator.name);
  const templates = manifestsOf(source).flatMap((manifest) =>
    manifest.only === "plain"
      ? []
      : [[`${folder}/templates/${manifest.part.replace("crd/bases", "crd")}/${manifest.file}.yaml`, helmTemplate(manifest.node)] as const],
  );
  return {
    ...Object.fromEntries(templates),
    [`${folder}/values.schema.json`]: `${JSON.stringify(valuesSchema(valueTree(project)), undefined, 2)}\n`,
  };
}

/** `Chart.yaml`: made once, then the owner's. */
export function chartYaml(name: string, description: string): string {
  return `apiVersion: v2\nname: ${name}\ndescription: ${description}\ntype: application\n# Raise it with each release of the chart.\nversion: 0.1.0\n`;
}
