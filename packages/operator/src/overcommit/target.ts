import { type LabelSelector, labelSelector, type Selector } from "@outrigger/kit/api";
import { NO_OVERCOMMIT, type Ratio, RESOURCES, type ResourceName, thousandths } from "./amounts.ts";
import type { NodeOvercommitObject, NodeOvercommitSpec } from "./resource.ts";

/** On a node: ratios of its own, in place of the policy's: `cpu=2,memory=1.2`. */
export const RATIOS_ANNOTATION = "outrigger.dev/overcommit-ratios";

/** What a node should offer. */
export interface Target {
  readonly policy: string;
  readonly ratios: Readonly<Record<ResourceName, Ratio>>;
  /** What of the node's annotation could not be followed. */
  readonly problem?: string;
}

interface Compiled {
  readonly name: string;
  readonly priority: number;
  readonly selector: Selector | undefined;
  readonly spec: NodeOvercommitSpec;
}

/** The policies that are not being deleted, in the order in which they count. */
export class Policies {
  readonly #compiled: readonly Compiled[];

  constructor(policies: readonly NodeOvercommitObject[]) {
    this.#compiled = policies
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata, spec }) => ({
        name: metadata.name,
        priority: spec.priority,
        selector: spec.nodeSelector ? selectorOf(spec.nodeSelector as LabelSelector) : undefined,
        spec,
      }))
      .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
  }

  /** What a node with these labels and annotations should offer; nothing where no policy selects it. */
  target(metadata: {
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  }): Target | undefined {
    const policy = this.#compiled.find(({ selector }) => !selector || selector.matches(metadata.labels));
    if (!policy) return undefined;
    const own = ownRatios(metadata.annotations?.[RATIOS_ANNOTATION]);
    const problems = own.problem === undefined ? [] : [own.problem];
    const ratios = Object.fromEntries(
      RESOURCES.map((resource) => {
        const wanted = thousandths(own.ratios[resource] ?? policy.spec.ratios[resource] ?? 1);
        const maximum = thousandths(policy.spec.maximum[resource]);
        if (wanted > maximum)
          problems.push(`annotation ${RATIOS_ANNOTATION} asks for ${resource}=${wanted / 1000}, and spec.maximum allows ${maximum / 1000}`);
        return [resource, Math.max(NO_OVERCOMMIT, Math.min(wanted, maximum))];
      }),
    ) as Record<ResourceName, Ratio>;
    return { policy: policy.name, ratios, ...(problems.length === 0 ? {} : { problem: problems.join("; ") }) };
  }
}

/** A selector that cannot be read selects nothing: the schema leaves few of these. */
function selectorOf(selector: LabelSelector): Selector {
  try {
    return labelSelector(selector);
  } catch {
    return { matches: () => false } as unknown as Selector;
  }
}

function ownRatios(text: string | undefined): { readonly ratios: Partial<Record<ResourceName, number>>; readonly problem?: string } {
  if (text === undefined) return { ratios: {} };
  const ratios: Partial<Record<ResourceName, number>> = {};
  for (const part of text.split(",")) {
    const [, name = "", value = ""] = /^\s*(cpu|memory)\s*=\s*(\d+(?:\.\d+)?)\s*$/.exec(part) ?? [];
    if (name === "" || Number(value) < 1)
      return {
        ratios: {},
        problem: `annotation ${RATIOS_ANNOTATION}: ${JSON.stringify(part.trim())} is not cpu=RATIO or memory=RATIO with a ratio of at least 1; the policy's ratios count`,
      };
    ratios[name as ResourceName] = Number(value);
  }
  return { ratios };
}
