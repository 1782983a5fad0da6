import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { CliError } from "../errors.ts";
import { findProject } from "../project/index.ts";
import type { Finding, Rule } from "./finding.ts";
import { readManifests } from "./manifest.ts";
import { onePath, subPath } from "./rules/config-maps.ts";
import { latestIfNotPresent, movingTag } from "./rules/images.ts";
import { sidecarOfJob } from "./rules/jobs.ts";
import { ownChart } from "./rules/own-chart.ts";
import { noProbes } from "./rules/probes.ts";
import { rebuiltTag } from "./rules/rebuilt.ts";
import { noFailurePolicy, ownManager } from "./rules/webhooks.ts";

export interface LintOptions {
  readonly output: "text" | "json";
}

const RULES: readonly Rule[] = [
  latestIfNotPresent,
  movingTag,
  subPath,
  onePath,
  noProbes,
  noFailurePolicy,
  sidecarOfJob,
  ownManager,
  ownChart,
];

/** `outrigger lint`. @throws CliError with exit code 1 when there are findings. */
export async function lint(paths: readonly string[], { output }: LintOptions): Promise<void> {
  const project = paths.length === 0 ? findProject() : undefined;
  const where = project
    ? ["config", "charts"].map((folder) => join(project.folder, folder)).filter((folder) => existsSync(folder))
    : paths.length > 0
      ? paths
      : ["."];
  const all = readManifests(where.map((path) => relative(process.cwd(), path) || "."));
  const findings: Finding[] = all.flatMap((manifest) =>
    RULES.filter(({ name }) => !manifest.allowed.has(name)).flatMap((rule) =>
      [...rule.check(manifest, all)].map(({ path, message }) => ({
        file: manifest.file,
        line: manifest.line(path),
        rule: rule.name,
        message,
      })),
    ),
  );
  if (project) findings.push(...rebuiltTag(project));
  if (output === "json") console.log(JSON.stringify(findings, undefined, 2));
  else for (const { file, line, rule, message } of findings) console.log(`${file}:${line}: ${message} (${rule})`);
  if (findings.length > 0) throw new CliError(`${findings.length} ${findings.length === 1 ? "trap" : "traps"} in ${all.length} objects`);
  if (output === "text") console.log(`No traps in ${all.length} objects.`);
}
