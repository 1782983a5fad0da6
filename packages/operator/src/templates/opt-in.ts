import type { ReasonCode } from "../pod/index.ts";

export interface OptInOptions {
  /** Labels of namespaces that decide for their pods, the first before the others. */
  readonly namespaceLabels: readonly string[];
  /** Labels and annotations of pods that decide for them, the first before the others. */
  readonly podKeys: readonly string[];
}

/** The seed's label, and our own key. */
export const DEFAULT_OPT_IN: OptInOptions = Object.freeze({ namespaceLabels: ["sidecar-injection"], podKeys: ["outrigger.dev/inject"] });

/** Istio's as well: for clusters that move over, and not for those where Istio's own injector acts on the same pods. */
export const WITH_ISTIO_OPT_IN: OptInOptions = Object.freeze({
  namespaceLabels: [...DEFAULT_OPT_IN.namespaceLabels, "istio-injection"],
  podKeys: [...DEFAULT_OPT_IN.podKeys, "sidecar.istio.io/inject"],
});

export interface OptInQuestion {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly hostNetwork: boolean;
  /** The templates that there are. */
  readonly templates: readonly { readonly name: string; readonly byName?: boolean }[];
}

export interface OptInAnswer {
  /** Names of the templates that act. */
  readonly chosen: ReadonlySet<string>;
  /** Why the others do not, and, where none does, why none. */
  readonly reason: ReasonCode;
  readonly message: string;
}

/**
 * Which templates act on a pod. The first of these that says something decides: the host's network (none); of each pod key in
 * turn the pod's label, then its annotation; each label of the namespace in turn. Nothing said is none.
 *
 * A text says yes (every template that is not `by-name`), no, or names of templates with commas between (those alone). A text
 * that is neither yes nor no and names no template that there is says nothing.
 */
export function optIn(question: OptInQuestion, options: OptInOptions): OptInAnswer {
  if (question.hostNetwork) return { chosen: NONE, reason: "HostNetwork", message: "pods on the host's network are left alone" };
  for (const [where, key, map] of places(question, options)) {
    const text = Object.hasOwn(map, key) ? map[key] : undefined;
    if (text === undefined) continue;
    const word = yesOrNo(text);
    const said = `${where} ${key}: ${text.length > 100 ? `${text.slice(0, 100)}…` : text}`;
    if (word === false) return { chosen: NONE, reason: "OptedOut", message: said };
    const names = word === undefined ? namesIn(text) : undefined;
    const chosen = question.templates.filter(({ name, byName }) => (names === undefined ? byName !== true : names.has(name)));
    if (names === undefined || chosen.length > 0)
      return { chosen: new Set(chosen.map(({ name }) => name)), reason: "NotNamed", message: said };
  }
  return {
    chosen: NONE,
    reason: "NotOptedIn",
    message: `neither the pod says ${options.podKeys[0]} nor its namespace ${options.namespaceLabels[0]}: enabled`,
  };
}

const NONE: ReadonlySet<string> = new Set();

function* places(
  { labels, annotations, namespaceLabels }: OptInQuestion,
  options: OptInOptions,
): Generator<readonly [where: string, key: string, map: Readonly<Record<string, string>>]> {
  for (const key of options.podKeys) {
    yield ["pod label", key, labels];
    yield ["pod annotation", key, annotations];
  }
  for (const key of options.namespaceLabels) yield ["namespace label", key, namespaceLabels];
}

function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.split(",").map((name) => name.trim()));
}

const YES = new Set(["true", "yes", "on", "y", "1", "enabled"]);
const NO = new Set(["false", "no", "off", "n", "0", "disabled"]);

/** Nothing for text that is neither. */
export function yesOrNo(text: string | undefined): boolean | undefined {
  const word = text?.toLowerCase();
  if (word === undefined) return undefined;
  return YES.has(word) ? true : NO.has(word) ? false : undefined;
}
