// Random manifests as people and programs write them, for property tests.
import type { GeneratorValue } from "fast-check";
import * as fc from "fast-check";

type Gen = GeneratorValue;
const WORDS = [
  "a",
  "web",
  "yes",
  "1",
  "# no comment",
  "x: y",
  "it's",
  '"',
  "ü中",
  "a b",
  "-",
  "{}",
  "two\nlines\n",
  "two\nlines",
  " lead",
  "%",
  "*x",
  "---",
];

/** One document, of any style. */
export function document(g: Gen): string {
  const style = pick(g, ["block", "block", "block", "flow", "json", "pretty"]);
  const object = anyObject(g);
  if (style === "json") return JSON.stringify(object);
  if (style === "pretty") return `${JSON.stringify(object, null, pick(g, [1, 2, 4]))}\n`;
  if (style === "flow") return `${new Writer(g).flow(object)}${pick(g, ["\n", " # c\n", ""])}`;
  return new Writer(g).document(object);
}

/** Several documents, among them such without pods, with one kind of line ends. */
export function file(g: Gen): string {
  const count = g(fc.nat, { max: 3 });
  const texts = Array.from({ length: count + 1 }, () =>
    pick(g, [0, 0, 0, 1]) === 1 ? pick(g, ["", "# nothing: here\n", "kind: Other\nspec: {a: [1,  2]}\n", "a:   b"]) : document(g),
  );
  const ends = pick(g, ["\n---\n", "\n--- # c\n", "\n...\n---\n"]);
  const text =
    pick(g, ["", "", "---\n", "\uFEFF", "# top\n\n"]) +
    texts.map((one) => one.replace(/\n$/, "")).join(ends) +
    pick(g, ["", "\n", "\n\n", "\n# end\n"]);
  return pick(g, [true, false, false]) ? text.replaceAll("\n", "\r\n") : text;
}

function anyObject(g: Gen): object {
  const kind = pick(g, ["Pod", "Deployment", "Deployment", "CronJob", "List", "Custom"]);
  if (kind === "List") return { apiVersion: "v1", kind: "List", items: Array.from({ length: g(fc.nat, { max: 2 }) }, () => anyObject(g)) };
  const metadata = {
    name: pick(g, ["a", "b", "c"]),
    ...some(g, "labels", () => texts(g)),
    ...some(g, "annotations", () => texts(g)),
    ...some(g, "namespace", () => pick(g, ["shop", "kube-system"])),
  };
  if (kind === "Pod") return shuffled(g, { apiVersion: "v1", kind, ...pod(g), metadata });
  const template = shuffled(g, pod(g));
  if (kind === "CronJob")
    return { apiVersion: "batch/v1", kind, metadata, spec: { schedule: "* * * * *", jobTemplate: { spec: { template } } } };
  return shuffled(g, {
    apiVersion: kind === "Custom" ? "x.io/v1" : "apps/v1",
    kind,
    metadata,
    spec: shuffled(g, { replicas: 2, template }),
  });
}

function pod(g: Gen): object {
  const volumes = (): object[] => [
    { name: "data", emptyDir: {} },
    ...(pick(g, [true, false]) ? [{ name: "log", hostPath: { path: "/x" } }] : []),
  ];
  return {
    ...some(g, "metadata", () => ({ ...some(g, "labels", () => texts(g)), ...some(g, "annotations", () => texts(g)) })),
    spec: shuffled(g, {
      containers: Array.from({ length: g(fc.nat, { max: 2 }) + 1 }, (_, index) => container(g, `c${index}`)),
      ...some(g, "initContainers", () => [container(g, "i0")]),
      ...some(g, "volumes", () => pick(g, [[], volumes()])),
      ...some(g, "securityContext", () => pick(g, [{}, { runAsUser: 1 }])),
      ...some(g, "imagePullSecrets", () => [{ name: "s" }]),
      ...some(g, "hostname", () => pick(g, WORDS)),
    }),
  };
}

function container(g: Gen, name: string): object {
  return shuffled(g, {
    name,
    image: "nginx:1",
    ...some(g, "env", () =>
      pick(g, [
        [],
        [
          { name: "A", value: pick(g, WORDS) },
          { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        ],
      ]),
    ),
    ...some(g, "args", () => [pick(g, WORDS), pick(g, WORDS)]),
    ...some(g, "volumeMounts", () => [{ name: "data", mountPath: "/data" }]),
  });
}

function texts(g: Gen): object {
  return pick(g, [{}, { app: "web" }, { app: pick(g, WORDS), "a/b": pick(g, WORDS) }, { team: "other" }]);
}

function some<T>(g: Gen, key: string, value: () => T): Record<string, T> {
  return g(fc.boolean) ? { [key]: value() } : {};
}

function shuffled(g: Gen, object: object): object {
  const entries = Object.entries(object);
  return g(fc.boolean) ? Object.fromEntries(entries.reverse()) : object;
}

function pick<T>(g: Gen, choices: readonly T[]): T {
  return choices[g(fc.nat, { max: choices.length - 1 })]!;
}

/** YAML of any style: comments, quotes, blank lines, anchors and aliases, lists at or behind the column of their key. */
class Writer {
  readonly #g: Gen;
  readonly #step: number;
  readonly #dashIn: boolean;
  readonly #anchors = new Map<string, string>();

  constructor(g: Gen) {
    this.#g = g;
    this.#step = pick(g, [2, 2, 3, 4]);
    this.#dashIn = g(fc.boolean);
  }

  document(object: object): string {
    return this.#map(object, "");
  }

  #comment(indent: string): string {
    return pick(this.#g, ["", "", "", "", "", `${indent}# c\n`, "\n"]);
  }
  #behind(): string {
    return pick(this.#g, ["", "", "", " # behind", "  "]);
  }

  #map(object: object, indent: string, first = indent): string {
    return Object.entries(object)
      .map(([key, value], index) => {
        const start = index === 0 ? first : this.#comment(indent) + indent;
        return `${start}${this.#key(key)}:${this.#value(value, indent, false)}`;
      })
      .join("");
  }

  #list(items: readonly unknown[], indent: string): string {
    return items
      .map((item) => {
        const start = `${this.#comment(indent)}${indent}-`;
        const inner = `${indent}  `;
        if (isMap(item) && Object.keys(item).length > 0 && pick(this.#g, [true, true, false])) return start + this.#map(item, inner, " ");
        return start + this.#value(item, indent, true);
      })
      .join("");
  }

  /** What stands behind a colon or a dash, with the line's end. */
  #value(value: unknown, indent: string, inList: boolean): string {
    if (typeof value !== "object" || value === null) return this.#scalar(value, indent);
    const text = JSON.stringify(value);
    const known = this.#anchors.get(text);
    if (known !== undefined && pick(this.#g, [true, false])) return ` *${known}${this.#behind()}\n`;
    let anchor = "";
    if (text.length > 8 && pick(this.#g, [true, false, false, false, false, false])) {
      const name = `n${this.#anchors.size}`;
      this.#anchors.set(text, name);
      anchor = ` &${name}`;
    }
    const isEmpty = Object.keys(value).length === 0;
    if (isEmpty || inList || pick(this.#g, [true, false, false, false])) return `${anchor} ${this.flow(value)}${this.#behind()}\n`;
    const step = " ".repeat(this.#step);
    if (Array.isArray(value)) return `${anchor}${this.#behind()}\n${this.#list(value, this.#dashIn ? indent + step : indent)}`;
    return `${anchor}${this.#behind()}\n${this.#map(value, indent + step)}`;
  }

  #scalar(value: unknown, indent: string): string {
    if (typeof value !== "string") return ` ${value}${this.#behind()}\n`;
    if (value.includes("\n") && pick(this.#g, [true, true, false])) {
      const inner = `${indent}    `;
      const chomp = value.endsWith("\n") ? pick(this.#g, ["", "+"]) : "-";
      return ` |${chomp}${this.#behind()}\n${value
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => `${inner}${line}\n`)
        .join("")}`;
    }
    return ` ${this.#quoted(value)}${this.#behind()}\n`;
  }

  flow(value: unknown): string {
    const gap = pick(this.#g, ["", " "]);
    if (Array.isArray(value)) return `[${gap}${value.map((item) => this.flow(item)).join(`,${pick(this.#g, [" ", "  "])}`)}${gap}]`;
    if (isMap(value))
      return `{${gap}${Object.entries(value)
        .map(([key, item]) => `${this.#key(key)}: ${this.flow(item)}`)
        .join(", ")}${gap}}`;
    return typeof value === "string" ? this.#quoted(value) : String(value);
  }

  #key(key: string): string {
    return pick(this.#g, [key, key, JSON.stringify(key)]);
  }
  #quoted(text: string): string {
    if (/^[a-z][a-z:/]*$/.test(text) && text !== "yes") return pick(this.#g, [text, text, `'${text}'`, `"${text}"`]);
    return text.includes("\n") || pick(this.#g, [true, false]) ? JSON.stringify(text) : `'${text.replaceAll("'", "''")}'`;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
