import type { ReasonCode } from "../pod/index.ts";

export interface OptInOptions {
  /** The namespace label that switches injection on or off: `sidecar-injection` unless told. */
  readonly namespaceLabel: string;
  /** The label or annotation of a pod that does the same for it: `outrigger.dev/inject` unless told. */
  readonly podKey: string;
}

export const DEFAULT_OPT_IN: OptInOptions = Object.freeze({ namespaceLabel: "sidecar-injection", podKey: "outrigger.dev/inject" });

export interface OptInQuestion {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly hostNetwork: boolean;
}

/**
 * Whether templates act on a pod. The first of these that says something decides: the host's network (never), the pod's
 * label, the pod's annotation, the namespace's label; nothing said is no. A word that means neither yes nor no says
 * nothing.
 */
export function optIn(
  question: OptInQuestion,
  options: OptInOptions,
): { readonly inject: boolean; readonly reason: ReasonCode; readonly message: string } {
  if (question.hostNetwork) return { inject: false, reason: "HostNetwork", message: "pods on the host's network are left alone" };
  for (const [where, key, map] of [
    ["pod label", options.podKey, question.labels],
    ["pod annotation", options.podKey, question.annotations],
    ["namespace label", options.namespaceLabel, question.namespaceLabels],
  ] as const) {
    const text = Object.hasOwn(map, key) ? map[key] : undefined;
    const word = yesOrNo(text);
    if (word === undefined) continue;
    return { inject: word, reason: word ? "Matched" : "OptedOut", message: `${where} ${key}: ${text}` };
  }
  return {
    inject: false,
    reason: "NotOptedIn",
    message: `neither the pod says ${options.podKey} nor its namespace ${options.namespaceLabel}: enabled`,
  };
}

const YES = new Set(["true", "yes", "on", "y", "1", "enabled"]);
const NO = new Set(["false", "no", "off", "n", "0", "disabled"]);

/** Nothing for text that is neither. */
export function yesOrNo(text: string | undefined): boolean | undefined {
  const word = text?.toLowerCase();
  if (word === undefined) return undefined;
  return YES.has(word) ? true : NO.has(word) ? false : undefined;
}
