import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import { type Project, readOperator } from "../project/index.ts";
import { chartFolder, chartYaml, operatorChart } from "./chart.ts";
import { withParts } from "./default-parts.ts";
import { applyChanges, changesOf, current } from "./files.ts";
import { defaultKustomization, defaultParts, kustomizeTree } from "./kustomize.ts";
import type { Source } from "./names.ts";
import { resourcesChart, resourcesFolder, resourcesValues } from "./resources-chart.ts";
import { valueTree } from "./values.ts";
import { completedValues, valuesOf } from "./values-file.ts";

export interface ManifestsOptions {
  /** Write nothing, and fail when something would change. */
  readonly check?: boolean;
}

const DEFAULT = "config/default/kustomization.yaml";

/** `outrigger manifests`. @throws CliError with `check`, naming the files that are stale. */
export async function manifests(project: Project, { check = false }: ManifestsOptions): Promise<void> {
  const { source, values } = await readSource(project);
  const { name } = source.operator;
  const resources = resourcesFolder(name);
  const kinds = source.operator.kinds.length > 0;
  const kustomization = current(project.folder, DEFAULT);
  const changes = changesOf(project.folder, {
    generated: { ...kustomizeTree(source, samplesOf(project)), ...operatorChart(source), ...(kinds ? resourcesChart(source) : {}) },
    once: {
      [`${chartFolder(name)}/Chart.yaml`]: chartYaml(name, `The operator ${name}, its definitions and its rights.`),
      ...(kinds
        ? {
            [`${resources}/Chart.yaml`]: chartYaml(`${name}-resources`, `Custom resources of the operator ${name}.`),
            [`${resources}/values.yaml`]: resourcesValues(source),
          }
        : {}),
    },
    completed: {
      [valuesFile(name)]: values,
      [DEFAULT]: kustomization === undefined ? defaultKustomization(source) : withParts(kustomization, defaultParts(source), DEFAULT),
    },
  });
  const stale = [...Object.keys(changes.write), ...changes.remove].sort();
  if (check) {
    if (stale.length > 0)
      throw new CliError(
        `${stale.length} ${stale.length === 1 ? "file is" : "files are"} stale: ${stale.join(", ")}; run outrigger manifests and commit what it writes`,
      );
    console.log("The manifests are as the code says.");
    return;
  }
  applyChanges(project.folder, changes);
  for (const file of Object.keys(changes.write).sort()) console.log(`wrote    ${file}`);
  for (const file of changes.remove) console.log(`removed  ${file}`);
  if (stale.length === 0) console.log("The manifests are as the code says.");
}

const valuesFile = (name: string): string => `${chartFolder(name)}/values.yaml`;

/** What manifests are made of, and the text of `values.yaml` with all values. @param image instead of the values' own. */
export async function readSource(project: Project, image?: string): Promise<{ readonly source: Source; readonly values: string }> {
  const operator = await readOperator(project);
  const file = valuesFile(operator.name);
  const values = completedValues(current(project.folder, file), valueTree(project), file);
  const read = valuesOf(values);
  if (image === undefined) return { source: { project, operator, values: read }, values };
  const { imageParts } = await import("./values.ts");
  const given = { ...(read["image"] as object), ...imageParts(image), digest: "" };
  return { source: { project, operator, values: { ...read, image: given } }, values };
}

function samplesOf({ folder }: Project): string[] {
  const samples = join(folder, "config/samples");
  if (!existsSync(samples)) return [];
  return readdirSync(samples)
    .filter((file) => /\.ya?ml$/.test(file) && file !== "kustomization.yaml")
    .sort();
}
