import type { KubeObject } from "@outrigger/kit/api";
import { defaultObject, kinds, validatePodSpec } from "@outrigger/machinery/kinds";
import { compileRules, decide } from "../pipeline/index.ts";
import {
  CUSTOM_VERSION_LABEL,
  convertSidecarSet,
  defaultSidecarSet,
  pinnedRevision,
  REVISION_SET_LABEL,
  revisionData,
  revisionHash,
  revisionName,
  revisionsOf,
  type SetRevision,
  type SidecarSet,
  validateSidecarSet,
} from "../sidecarset/index.ts";
import { type InjectionCase, WHITELIST_KEY } from "./injection-case.ts";
import { MASK } from "./normal.ts";
import type { InjectionStage } from "./stage.ts";

/** The engine alone: what our webhooks and the API server do to sets and pods, done by the functions that they call. */
export class EngineStage implements InjectionStage {
  readonly canExclude = true;
  #sets = new Map<string, SidecarSet>();
  #revisions: SetRevision[] = [];

  async submit(sets: readonly KubeObject[], recorded: InjectionCase, { unjudged = false } = {}) {
    this.#sets = new Map();
    this.#revisions = [];
    const whitelist = recorded.configMap?.data[WHITELIST_KEY];
    for (const submitted of sets) {
      const set = defaultSidecarSet(convertSidecarSet(submitted, "apps.kruise.io/v1beta1") as SidecarSet);
      const name = set.metadata.name ?? "";
      const old = this.#sets.get(name);
      const pin = set.spec.injectionStrategy?.revision;
      const problems = validateSidecarSet(set, {
        others: [...this.#sets.values()].filter((other) => other !== old),
        ...(whitelist === undefined ? {} : { whitelist }),
        ...(old === undefined ? {} : { old }),
        ...(pin === undefined ? {} : { revisionFound: pinnedRevision(pin, revisionsOf(name, this.#revisions)) !== undefined }),
      });
      if (!unjudged && problems.length > 0) return { refused: problems.map(({ field, message }) => `${field}: ${message}`).join("; ") };
      this.#sets.set(name, this.#revise(set));
    }
    return { stored: [...this.#sets.values()] };
  }

  /** What the controller does: a revision of what is new, its name in the status. */
  #revise(set: SidecarSet): SidecarSet {
    const name = set.metadata.name ?? "";
    const data = revisionData(set.spec);
    const latestRevision = revisionName(name, revisionHash(data));
    const labels = {
      [REVISION_SET_LABEL]: name,
      ...(set.spec.customVersion === undefined ? {} : { [CUSTOM_VERSION_LABEL]: set.spec.customVersion }),
    };
    this.#revisions = this.#revisions.filter(({ metadata }) => metadata.name !== latestRevision);
    this.#revisions.push({
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: { name: latestRevision, labels, annotations: { ...set.metadata.annotations } },
      data,
      revision: this.#revisions.length + 1,
    });
    return { ...set, status: { matchedPods: 0, updatedPods: 0, readyPods: 0, latestRevision } };
  }

  async create(recorded: InjectionCase, { excludedNamespaces }: { readonly excludedNamespaces?: readonly string[] } = {}) {
    const pod = recorded.podWithoutSidecarSets ?? recorded.pod;
    const namespace = recorded.pod.metadata.namespace ?? "default";
    const labels = recorded.namespaces.find(({ name }) => name === namespace)?.labels ?? {};
    const rules = compileRules(
      { sidecarSets: [...this.#sets.values()], revisions: this.#revisions },
      excludedNamespaces === undefined ? {} : { excludedNamespaces },
    );
    const namespaceLabels = { ...labels, "kubernetes.io/metadata.name": namespace };
    const decision = decide(pod, rules, { namespace, namespaceLabels, now: MASK });
    if (decision.refusal !== undefined) return { refused: decision.refusal.message };
    const stored = structuredClone(decision.pod);
    defaultObject(kinds().byKind("", "v1", "Pod")!, stored);
    const [problem] = validatePodSpec(stored.spec, "spec");
    return problem === undefined ? { pod: stored } : { refused: `${problem.field}: ${problem.message}` };
  }
}
