import { type LabelSelector, labelSelector, type Selector } from "@outrigger/kit/api";
import { selectorProblem } from "../feature/index.ts";
import type { NamedPolicy } from "./decide.ts";
import type { JobPolicyObject } from "./resource.ts";

type Labels = Readonly<Record<string, string>> | undefined;
interface Compiled extends NamedPolicy {
  readonly jobs: Selector | undefined;
  readonly namespaces: Selector | undefined;
}

/** The policies of a cluster, in the order in which they count: priority, then name. */
export class JobPolicies {
  readonly #compiled: readonly Compiled[];

  constructor(policies: readonly JobPolicyObject[]) {
    this.#compiled = policies
      .filter((policy) => policy.metadata.deletionTimestamp === undefined && selectorProblem(policy.spec) === undefined)
      .sort((a, b) => b.spec.priority - a.spec.priority || (a.metadata.name < b.metadata.name ? -1 : 1))
      .map(({ metadata, spec }) => ({
        name: metadata.name,
        spec,
        jobs: spec.selector && labelSelector(spec.selector as LabelSelector),
        namespaces: spec.namespaceSelector && labelSelector(spec.namespaceSelector as LabelSelector),
      }));
  }

  /** Those that select a Job or CronJob with these labels, in a namespace with those. */
  selecting(labels: Labels, namespaceLabels: Labels): readonly NamedPolicy[] {
    return this.#compiled.filter(
      ({ jobs, namespaces }) => (!jobs || jobs.matches(labels)) && (!namespaces || namespaces.matches(namespaceLabels)),
    );
  }
}
