import { type Cause, type LabelSelector, labelSelectorProblems } from "@outrigger/kit/api";
import type { RuleKind } from "../pod/index.ts";
import {
  type CompiledPodDefaults,
  comparePodDefaults,
  compilePodDefaults,
  type PodDefaults,
  podDefaultsProblems,
} from "../poddefaults/index.ts";
import { type CompiledSidecarSet, compileSidecarSet, type SetRevision, type SidecarSet } from "../sidecarset/index.ts";
import { DEFAULT_OPT_IN, type InjectionTemplate, type OptInOptions } from "../templates/index.ts";
import { LabelIndex } from "./label-index.ts";
import { compileSelector, type Matches } from "./selector.ts";

/** Namespaces whose pods no rule touches where nobody says otherwise, beside the manager's own. */
export const EXCLUDED_NAMESPACES: readonly string[] = ["kube-system", "kube-public", "kube-node-lease"];

/** Everything that may act on pods, as it stands in the cluster. */
export interface RuleSources {
  readonly podDefaults?: readonly PodDefaults[];
  /** In version v1beta1, with their defaults. */
  readonly sidecarSets?: readonly SidecarSet[];
  /** Revisions of SidecarSets; asked for sets that pin one. */
  readonly revisions?: readonly SetRevision[];
  readonly templates?: readonly InjectionTemplate[];
}

export interface RuleOptions {
  /** The manager's environment, for PodDefaults that take values from it. Empty when absent. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Namespaces whose pods no rule touches; `EXCLUDED_NAMESPACES` when absent. */
  readonly excludedNamespaces?: readonly string[];
  /** The manager's own namespace, excluded as well. */
  readonly ownNamespace?: string;
  readonly optIn?: OptInOptions;
}

/** Rules made ready for many pods. Compile again when any of them changes; a value of this type never changes. */
export interface Rules {
  readonly podDefaults: Selected<CompiledPodDefaults>;
  readonly sidecarSets: Selected<CompiledSidecarSet>;
  readonly templates: readonly InjectionTemplate[];
  /** Rules that cannot be used, with why; they act on no pod. */
  readonly invalid: readonly { readonly kind: RuleKind; readonly rule: string; readonly message: string }[];
  readonly excludedNamespaces: ReadonlySet<string>;
  readonly optIn: OptInOptions;
}

/** Rules of one kind in the order in which they act, with their selectors. */
export interface Selected<T> {
  readonly rules: readonly { readonly rule: T; readonly pods: Matches; readonly namespaces: Matches }[];
  readonly index: LabelIndex;
}

/** The rules without SidecarSets: another manager injects those. */
export function withoutSidecarSets(rules: Rules): Rules {
  let others = othersOf.get(rules);
  if (others === undefined) {
    others = { ...rules, sidecarSets: { rules: [], index: new LabelIndex([]) } };
    othersOf.set(rules, others);
  }
  return others;
}

/** Cache: made once for each value of `Rules`, which never changes. */
const othersOf = new WeakMap<Rules, Rules>();

export function compileRules(sources: RuleSources, options: RuleOptions = {}): Rules {
  const invalid: { kind: RuleKind; rule: string; message: string }[] = [];
  const environment = options.environment ?? {};
  const podDefaults = select(
    "PodDefaults",
    (sources.podDefaults ?? []).map((object) => ({
      object,
      problems: () => podDefaultsProblems(object),
      rule: (): CompiledPodDefaults => compilePodDefaults(object, { environment }),
    })),
    comparePodDefaults,
    invalid,
  );
  const sidecarSets = select(
    "SidecarSet",
    (sources.sidecarSets ?? []).map((object) => ({
      object,
      problems: () => selectorProblems(object.spec),
      rule: (): CompiledSidecarSet => compiled(object, sources.revisions),
    })),
    (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    invalid,
  );
  return {
    podDefaults,
    sidecarSets,
    templates: [...(sources.templates ?? [])].sort(
      (a, b) => (a.order ?? 0) - (b.order ?? 0) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    ),
    invalid,
    excludedNamespaces: new Set([
      ...(options.excludedNamespaces ?? EXCLUDED_NAMESPACES),
      ...(options.ownNamespace === undefined ? [] : [options.ownNamespace]),
    ]),
    optIn: options.optIn ?? DEFAULT_OPT_IN,
  };
}

/** Informers give the same object until it changes: what did not change is not compiled again. */
const compiledBefore = new WeakMap<SidecarSet, CompiledSidecarSet>();

function compiled(set: SidecarSet, revisions: readonly SetRevision[] | undefined): CompiledSidecarSet {
  if (set.spec.injectionStrategy?.revision !== undefined || !Object.isFrozen(set)) return compileSidecarSet(set, revisions);
  let rule = compiledBefore.get(set);
  if (rule === undefined) {
    rule = compileSidecarSet(set);
    compiledBefore.set(set, rule);
  }
  return rule;
}

interface Source<T> {
  readonly object: {
    readonly metadata: { readonly name?: string };
    readonly spec: { readonly selector?: LabelSelector; readonly namespaceSelector?: LabelSelector };
  };
  /** What keeps it from being used at all. */
  readonly problems: () => readonly Cause[];
  readonly rule: () => T;
}

/** No rule can act, and no webhook entry can be written, with a selector that Kubernetes does not take. */
function selectorProblems({ selector, namespaceSelector }: Source<unknown>["object"]["spec"]): Cause[] {
  return [
    ...(selector ? labelSelectorProblems(selector, "spec.selector") : []),
    ...(namespaceSelector ? labelSelectorProblems(namespaceSelector, "spec.namespaceSelector") : []),
  ];
}

/** An object is judged once: rules are compiled again at each change of any. */
const judged = new WeakMap<object, readonly Cause[]>();

function select<T>(
  kind: RuleKind,
  sources: readonly Source<T>[],
  compare: (a: T, b: T) => number,
  invalid: { kind: RuleKind; rule: string; message: string }[],
): Selected<T> {
  const rules: { rule: T; pods: Matches; namespaces: Matches; selector: LabelSelector | undefined }[] = [];
  for (const { object, problems, rule } of sources) {
    try {
      const causes = judged.get(object) ?? problems();
      judged.set(object, causes);
      if (causes.length > 0) {
        invalid.push({
          kind,
          rule: object.metadata.name ?? "",
          message: causes.map(({ field, message }) => `${field}: ${message}`).join("; "),
        });
        continue;
      }
      const { selector, namespaceSelector } = object.spec;
      rules.push({ rule: rule(), pods: compileSelector(selector), namespaces: compileSelector(namespaceSelector), selector });
    } catch (error) {
      invalid.push({ kind, rule: object.metadata.name ?? "", message: (error as Error).message });
    }
  }
  rules.sort((a, b) => compare(a.rule, b.rule));
  return { rules, index: new LabelIndex(rules.map(({ selector }) => selector)) };
}
