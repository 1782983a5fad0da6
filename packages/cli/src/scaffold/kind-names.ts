import { dnsSubdomainProblems } from "@outrigger/kit/api";
import { CliError } from "../errors.ts";

export interface KindOptions {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A kind's names in code and files. */
export interface KindNames {
  /** The group whole: that of the options, and the project's domain. */
  readonly group: string;
  readonly groupPrefix: string;
  readonly version: string;
  readonly Kind: string;
  /** `customPod`: one object in code. */
  readonly camel: string;
  /** `customPods`: the controller in code. */
  readonly variable: string;
  /** `custompod`: files and sample objects. */
  readonly file: string;
  /** In English, of the kind in lower case. */
  readonly plural: string;
}

/** @throws CliError for what Kubernetes does not accept. */
export function kindNames({ group, version, kind }: KindOptions, domain: string): KindNames {
  const whole = domain === "" ? group : `${group}.${domain}`;
  const fail = (option: string, why: string): never => {
    throw new CliError(`${option}: ${why}`, { exitCode: 2 });
  };
  const [problem] = dnsSubdomainProblems(whole);
  if (problem) fail(`--group ${group}`, problem);
  if (!/^v\d+((alpha|beta)\d+)?$/.test(version)) fail(`--version ${version}`, "write it as v1, v1beta1 or v1alpha1");
  if (!/^[A-Z][A-Za-z0-9]{0,62}$/.test(kind)) fail(`--kind ${kind}`, "write it in CamelCase, such as CustomPod");
  const camel = `${kind[0]?.toLowerCase()}${kind.slice(1)}`;
  return {
    group: whole,
    groupPrefix: group,
    version,
    Kind: kind,
    camel,
    variable: pluralOf(camel),
    file: kind.toLowerCase(),
    plural: pluralOf(kind.toLowerCase()),
  };
}

/** As kubebuilder makes them: policy → policies, ingress → ingresses. */
function pluralOf(word: string): string {
  if (/[^aeiou]y$/i.test(word)) return `${word.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/i.test(word) ? `${word}es` : `${word}s`;
}
