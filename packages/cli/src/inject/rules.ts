import { basename } from "node:path";
import type { KubeObject } from "@outrigger/kit/api";
import type { AdmissionAnswer, AdmissionRequest } from "@outrigger/kit/webhook";
import {
  convertSidecarSet,
  defaultSidecarSet,
  type InjectionTemplate,
  type PodDefaults,
  parseTemplate,
  type RuleSources,
  type SidecarSet,
  SidecarSets,
  TEMPLATE_KEY,
  TemplateError,
  templateProblems,
  templateSettings,
  validatePodDefaults,
  validateSidecarSet,
} from "@outrigger/operator";
import { CliError } from "../errors.ts";
import { chunks, contentOf } from "./documents.ts";
import { filesOf, readText } from "./files.ts";
import { isObject } from "./render.ts";

/**
 * Rules from files: SidecarSets of both versions, PodDefaults, ConfigMaps with a template, Lists of these, and files that are a
 * template. Each is judged as the manager's webhooks judge it.
 *
 * @throws CliError that names the file and what is wrong.
 */
export async function rulesOf(paths: readonly string[]): Promise<RuleSources> {
  const sidecarSets: SidecarSet[] = [];
  const podDefaults: PodDefaults[] = [];
  const templates: InjectionTemplate[] = [];
  const add = (file: string, object: KubeObject): void => {
    const who = `${file}: ${object.kind} ${object.metadata?.name ?? ""}`;
    const { items } = object as { items?: unknown };
    if (object.kind.endsWith("List") && Array.isArray(items)) {
      for (const item of items) add(file, item as KubeObject);
    } else if (object.kind === "SidecarSet" && object.apiVersion.startsWith("apps.kruise.io/")) {
      accept(who, validateSidecarSet(request(object), { others: sidecarSets }));
      sidecarSets.push(defaultSidecarSet(convertSidecarSet(object, SidecarSets.apiVersion) as SidecarSet));
    } else if (object.kind === "PodDefaults" && object.apiVersion.startsWith("outrigger.dev/")) {
      accept(who, validatePodDefaults(request(object)));
      podDefaults.push(object as PodDefaults);
    } else if (object.kind === "ConfigMap" && isObject(object["data"]) && typeof object["data"][TEMPLATE_KEY] === "string") {
      const [problem] = templateProblems(object);
      if (problem) throw new CliError(`${who}: ${problem.field}: ${problem.message}`);
      const { name = "", annotations = {} } = object.metadata;
      templates.push({ ...parseTemplate(name, object["data"][TEMPLATE_KEY]), ...templateSettings(annotations).read });
    } else throw new CliError(`${who}: no rule for pods: write a SidecarSet, PodDefaults, a ConfigMap with ${TEMPLATE_KEY}, or a template`);
  };
  for (const path of paths) {
    for (const file of filesOf(path)) {
      const text = await readText(file);
      for (const chunk of chunks(text)) {
        let value: unknown;
        try {
          value = contentOf(chunk);
        } catch (error) {
          throw new CliError(`${file}: ${(error as Error).message}`, { cause: error });
        }
        if (value === null || value === undefined) continue;
        if (isObject(value) && typeof value["kind"] === "string") add(file, value as KubeObject);
        else templates.push(templateOf(file, chunk));
      }
    }
  }
  return { sidecarSets, podDefaults, templates };
}

/** A file that is a template: its name is the file's. @throws CliError with the file, line and column of each problem. */
function templateOf(file: string, text: string): InjectionTemplate {
  try {
    return parseTemplate(basename(file).replace(/\.ya?ml$/, ""), text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const problems = error.problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
    throw new CliError(problems.join("\n"), { cause: error });
  }
}

function request(object: KubeObject): AdmissionRequest {
  const named = { ...object, metadata: { ...object.metadata } };
  return {
    uid: "",
    kind: { group: "", version: "", kind: object.kind },
    resource: { group: "", version: "", resource: "" },
    operation: "CREATE",
    object: named,
  };
}

function accept(who: string, answer: AdmissionAnswer): void {
  if (!answer.allowed) throw new CliError(`${who}: ${answer.status.message}`);
  for (const warning of answer.warnings ?? []) console.error(`${who}: ${warning}`);
}
