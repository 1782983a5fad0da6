import type { KubeObject } from "@outrigger/kit/api";
import type { Pod } from "../pod/index.ts";
import type { SidecarSet } from "../sidecarset/index.ts";
import type { InjectionCase } from "./injection-case.ts";
import type { DefaultingCase, ValidationCase } from "./play-set.ts";

/** Where a recorded injection is played: in the engine alone, or in a cluster whose API server calls our webhooks. */
export interface InjectionStage {
  /**
   * Makes these the only sets there are, in order; a name that comes again is an update.
   *
   * @param unjudged as sets that were there before our validation: on the day a cluster comes over from kruise
   * @returns the sets as stored, in v1beta1, or why one was refused
   */
  submit(
    sets: readonly KubeObject[],
    recorded: InjectionCase,
    options?: { readonly unjudged?: boolean },
  ): Promise<{ readonly stored: readonly SidecarSet[]; readonly refused?: never } | { readonly refused: string }>;
  /** Creates the case's pod, and answers it as stored, or why it was refused. */
  create(
    recorded: InjectionCase,
    options?: { readonly excludedNamespaces?: readonly string[] },
  ): Promise<{ readonly pod: Pod; readonly refused?: never } | { readonly refused: string }>;
  /** Whether `create` can be asked for other excluded namespaces than the manager's. */
  readonly canExclude: boolean;
}

/** Where recorded sets are played: an API server that calls our webhooks. */
export interface SetStage {
  /** What becomes of a set, which is not stored. */
  judge(recorded: ValidationCase): Promise<{ readonly stored: KubeObject; readonly refused?: never } | { readonly refused: string }>;
  /** Stores a set, waits until its controller has seen it, and reads it in both versions, with its revisions. */
  store(
    recorded: DefaultingCase,
  ): Promise<
    | (Pick<DefaultingCase, "responseToCreate" | "v1alpha1" | "v1beta1" | "controllerRevisions"> & { readonly refused?: never })
    | { readonly refused: string }
  >;
}
