// What a string or number must look like, one sentence for each thing wrong (apimachinery/pkg/util/validation).
import { dnsLabelProblems, dnsSubdomainProblems } from "@outrigger/kit/api";

export function rangeProblem(min: number, max: number): string {
  return `must be between ${min} and ${max}, inclusive`;
}

function patternProblem(message: string, pattern: string, ...examples: string[]): string {
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(" or ")}regex used for validation is '${pattern}')`;
}

export function portProblems(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : [rangeProblem(1, 65535)];
}

/** Names of ports, as IANA registers services. */
export function portNameProblems(name: string): string[] {
  return [
    ...(Buffer.byteLength(name) > 15 ? ["must be no more than 15 characters"] : []),
    ...(/^[-a-z0-9]+$/.test(name) ? [] : ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
    ...(/[a-z]/.test(name) ? [] : ["must contain at least one letter (a-z)"]),
    ...(name.includes("--") ? ["must not contain consecutive hyphens"] : []),
    ...(/^-|-$/.test(name) ? ["must not begin or end with a hyphen"] : []),
  ];
}

export function portOrNameProblems(port: unknown): string[] {
  return typeof port === "string" ? portNameProblems(port) : portProblems(typeof port === "number" ? port : 0);
}

/** IDs of users and groups. */
export function idProblems(id: number): string[] {
  return id >= 0 && id <= 2147483647 ? [] : [rangeProblem(0, 2147483647)];
}

export function percentProblems(percent: string): string[] {
  if (/^[0-9]+%$/.test(percent)) return [];
  return [patternProblem("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")];
}

export function httpHeaderNameProblems(name: string): string[] {
  if (/^[-A-Za-z0-9]+$/.test(name)) return [];
  return [patternProblem("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")];
}

/** Names of environment variables, as Kubernetes ≥ 1.30 takes them: any printable ASCII but `=`. */
export function envNameProblems(name: string): string[] {
  if (name === "") return ["environment variable name must be non-empty"];
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(name)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Keys of ConfigMaps and Secrets: they become file names. */
export function configKeyProblems(key: string): string[] {
  const problems: string[] = [];
  if (Buffer.byteLength(key) > 253) problems.push("must be no more than 253 characters");
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    problems.push(
      patternProblem(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        "[-._a-zA-Z0-9]+",
        "key.name",
        "KEY_NAME",
        "key-name",
      ),
    );
  }
  if (key === ".") problems.push("must not be '.'");
  else if (key === "..") problems.push("must not be '..'");
  else if (key.startsWith("..")) problems.push("must not start with '..'");
  return problems;
}

const WILDCARD_SUBDOMAIN = "\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const wildcardSubdomain = new RegExp(`^${WILDCARD_SUBDOMAIN}$`);

export function wildcardSubdomainProblems(name: string): string[] {
  return [
    ...(Buffer.byteLength(name) > 253 ? ["must be no more than 253 characters"] : []),
    ...(wildcardSubdomain.test(name)
      ? []
      : [
          patternProblem(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
            WILDCARD_SUBDOMAIN,
            "*.example.com",
          ),
        ]),
  ];
}

/** A prefix of generated names may end in what a name may not: a hyphen (`NameIsDNSSubdomain` with prefix). */
export function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

export function labelName(name: string, prefix: boolean): string[] {
  return dnsLabelProblems(prefix ? maskTrailingDash(name) : name);
}

export function subdomainName(name: string, prefix: boolean): string[] {
  return dnsSubdomainProblems(prefix ? maskTrailingDash(name) : name);
}
