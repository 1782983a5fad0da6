// Names, as k8s.io/apimachinery/pkg/util/validation and pkg/api/validation judge them. Each function gives what is wrong,
// one sentence each, in Kubernetes' words; nothing wrong gives an empty list.

const DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS_SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const QUALIFIED_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE = `(${QUALIFIED_NAME})?`;
const DNS_1035_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?";

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const label = whole(DNS_LABEL);
const subdomain = whole(DNS_SUBDOMAIN);
const qualified = whole(QUALIFIED_NAME);
const value = whole(LABEL_VALUE);
const label1035 = whole(DNS_1035_LABEL);

/** Kubernetes counts bytes. */
const bytes = (text: string): number => Buffer.byteLength(text);

/** Names of objects are said to have characters, keys and values of labels bytes; both count bytes. */
function lengthProblem(max: number, unit: "bytes" | "characters" = "characters"): string {
  return `must be no more than ${max} ${unit}`;
}

function patternProblem(message: string, pattern: string, ...examples: string[]): string {
  const shown = examples.map((example) => `'${example}'`);
  const list = shown.length === 0 ? "" : `e.g. ${shown.join(",  or ")}, `;
  return `${message} (${list}regex used for validation is '${pattern}')`;
}

/** RFC 1123 label: names of namespaces, containers, ports' owners. At most 63 bytes. */
export function dnsLabelProblems(name: string): string[] {
  return [
    ...(bytes(name) > 63 ? [lengthProblem(63)] : []),
    ...(label.test(name)
      ? []
      : subdomain.test(name)
        ? ["must not contain dots"]
        : [
            patternProblem(
              "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
              DNS_LABEL,
              "my-name",
              "123-abc",
            ),
          ]),
  ];
}

/** RFC 1035 label: names of Services until 1.34, volumes' claims. At most 63 bytes, starts with a letter. */
export function dns1035LabelProblems(name: string): string[] {
  return [
    ...(bytes(name) > 63 ? [lengthProblem(63)] : []),
    ...(label1035.test(name)
      ? []
      : [
          patternProblem(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
            DNS_1035_LABEL,
            "my-name",
            "abc-123",
          ),
        ]),
  ];
}

/** RFC 1123 subdomain: names of most objects. At most 253 bytes. */
export function dnsSubdomainProblems(name: string): string[] {
  return subdomainProblems(name, "characters");
}

function subdomainProblems(name: string, unit: "bytes" | "characters"): string[] {
  return [
    ...(bytes(name) > 253 ? [lengthProblem(253, unit)] : []),
    ...(subdomain.test(name)
      ? []
      : [
          patternProblem(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
            DNS_SUBDOMAIN,
            "example.com",
          ),
        ]),
  ];
}

/** A key of a label or annotation: an optional DNS subdomain and `/`, then a name of at most 63 bytes. */
export function qualifiedNameProblems(key: string): string[] {
  const problems: string[] = [];
  const parts = key.split("/");
  let name = key;
  if (parts.length === 2) {
    const [prefix = "", rest = ""] = parts;
    name = rest;
    if (prefix === "") problems.push("prefix part must be non-empty");
    else problems.push(...subdomainProblems(prefix, "bytes").map((problem) => `prefix part ${problem}`));
  } else if (parts.length > 2) {
    return [
      `a valid label key ${patternProblem("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", QUALIFIED_NAME, "MyName", "my.name", "123-abc")} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (name === "") problems.push("name part must be non-empty");
  else if (bytes(name) > 63) problems.push(`name part ${lengthProblem(63, "bytes")}`);
  if (!qualified.test(name)) {
    problems.push(
      `name part ${patternProblem("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", QUALIFIED_NAME, "MyName", "my.name", "123-abc")}`,
    );
  }
  return problems;
}

/** A label's value: empty, or a name of at most 63 bytes. */
export function labelValueProblems(text: string): string[] {
  return [
    ...(bytes(text) > 63 ? [lengthProblem(63, "bytes")] : []),
    ...(value.test(text)
      ? []
      : [
          patternProblem(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            LABEL_VALUE,
            "MyValue",
            "my_value",
            "12345",
          ),
        ]),
  ];
}

/** A name that need only be a segment of a path: those of RBAC objects. */
export function pathSegmentProblems(name: string): string[] {
  if (name === ".") return ["may not be '.'"];
  if (name === "..") return ["may not be '..'"];
  return ["/", "%"].filter((character) => name.includes(character)).map((character) => `may not contain '${character}'`);
}
