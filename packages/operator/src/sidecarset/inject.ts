import type { Cause } from "@outrigger/kit/api";
import {
  type Container,
  type ContainerDefaults,
  type Draft,
  differences,
  isInjected,
  nameClash,
  type Reason,
  refreshed,
  type ServerAdditions,
} from "../pod/index.ts";
import type { CompiledContainer, CompiledSidecarSet } from "./compile.ts";
import { ExpressionError } from "./expression.ts";
import { hotUpgradeNames, hotUpgradePair, workingContainer, writeHotUpgradeState } from "./hot-upgrade.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, INJECTED_LIST_ANNOTATION, ON_CONFLICT_ANNOTATION } from "./names.ts";
import { patchPodMetadata } from "./patch-metadata.ts";
import { BrokenHashAnnotation, type HashEntry, readHashes, writeHashes, writeInjectedList } from "./record.ts";
import { containerForPod } from "./share.ts";
import { placeVolumes } from "./volumes.ts";

/**
 * Puts the sidecars of all matching sets into a pod, in the order given: first their metadata, then their containers.
 *
 * - "Before" containers of all sets come first, then the pod's own, then all "after"; the same for init containers.
 * - A container that looks injected becomes the set's, where it stands: whoever made the pod could have written it.
 * - A name that the pod's own container has already is a cause for refusal, unless the set says `on-conflict: replace`.
 */
export class SidecarInjection {
  readonly #reasons: Reason[] = [];
  readonly #causes: Cause[] = [];
  readonly #draft: Draft;
  readonly #sets: readonly CompiledSidecarSet[];
  readonly #additions: ServerAdditions;
  #sources: readonly Container[] = [];
  #initSources: readonly Container[] = [];
  /** Sidecars placed in this pass: name → set. */
  readonly #placed = new Map<string, string>();
  readonly #metadata = new Map<string, { readonly changed: readonly string[]; readonly replaced: Readonly<Record<string, string>> }>();
  #hashes: Record<string, HashEntry> = {};
  #bareHashes: Record<string, HashEntry> = {};

  constructor(draft: Draft, sets: readonly CompiledSidecarSet[], containerDefaults: ContainerDefaults | undefined) {
    this.#draft = draft;
    this.#sets = sets;
    this.#additions = { pod: draft.original, containerDefaults };
  }

  patchMetadata(): void {
    for (const set of this.#sets) this.#patchMetadata(set);
  }

  /**
   * @param own what the pod's user brought of a list of containers: nothing else is shared with sidecars. What a container
   *   says about itself (`IS_INJECTED`) does not count, unlike in kruise
   * @param now RFC 3339, UTC, whole seconds
   * @returns why, set by set; `causes` are those of a refusal, and then the draft is not to be used
   */
  inject(own: (containers: readonly Container[]) => readonly Container[], now: string): { reasons: Reason[]; causes: Cause[] } {
    try {
      this.#readRecords();
    } catch (error) {
      if (!(error instanceof BrokenHashAnnotation)) throw error;
      return unreadable(this.#sets, error);
    }
    this.#sources = own(this.#draft.containers.own);
    this.#initSources = own(this.#draft.initContainers.own);
    for (const set of this.#sets) this.#injectSet(set);
    if (this.#causes.length === 0) this.#writeRecords(now);
    return { reasons: this.#reasons, causes: this.#causes };
  }

  #patchMetadata(set: CompiledSidecarSet): void {
    if (set.metadata.length === 0) return;
    const { changed, replaced, causes } = patchPodMetadata(this.#draft, set);
    this.#metadata.set(set.name, { changed, replaced });
    this.#causes.push(...causes);
  }

  #readRecords(): void {
    const { annotations } = this.#draft;
    this.#hashes = readHashes(HASH_ANNOTATION, annotations[HASH_ANNOTATION]);
    this.#bareHashes = readHashes(HASH_WITHOUT_IMAGE_ANNOTATION, annotations[HASH_WITHOUT_IMAGE_ANNOTATION]);
  }

  #injectSet(set: CompiledSidecarSet): void {
    const entry = Object.hasOwn(this.#hashes, set.name) ? this.#hashes[set.name] : undefined;
    const before = this.#causes.length;
    const did: Doings = {
      names: [],
      problems: [],
      changed: (this.#metadata.get(set.name)?.changed.length ?? 0) > 0 || entry?.hash !== set.hash,
    };
    for (const compiled of set.initContainers) this.#inject(compiled, set, entry, did);
    for (const compiled of set.containers) this.#inject(compiled, set, entry, did);
    for (const secret of set.pullSecrets) this.#draft.addPullSecret(secret);
    this.#reasons.push(this.#causes.length > before ? refusal(set, this.#causes.slice(before)) : this.#reason(set, did));
  }

  #inject(compiled: CompiledContainer, set: CompiledSidecarSet, entry: HashEntry | undefined, did: Doings): void {
    const made = this.#container(compiled, set, did.problems);
    if (made === undefined) return;
    const list = this.#listFor(compiled);
    const plain = list === compiled.list ? made : inList(list, made);
    const { container, causes } = placeVolumes(this.#draft, plain, compiled, set, did.problems);
    this.#causes.push(...causes);
    if (compiled.hotUpgradeEmptyImage === undefined) this.#placeOne(list, container, compiled, set, entry, did);
    else {
      const own = this.#draft[list].own.filter(isInjected);
      const injected = hotUpgradeNames(compiled.name).every((name) => own.some((one) => one.name === name));
      const working = workingContainer(compiled.name, injected, this.#draft.annotations);
      for (const one of hotUpgradePair(compiled.hotUpgradeEmptyImage, container, working))
        this.#placeOne(list, one, compiled, set, entry, did);
      writeHotUpgradeState(this.#draft, compiled.name, working, injected);
    }
  }

  /** The list in which an earlier call has left the container, else its own. */
  #listFor({ name, list, movable }: CompiledContainer): ContainerList {
    if (!movable) return list;
    const isIt = (own: Container): boolean => own.name === name && isInjected(own);
    const other = list === "containers" ? "initContainers" : "containers";
    return this.#draft[other].own.some(isIt) && !this.#draft[list].own.some(isIt) ? other : list;
  }

  #placeOne(
    list: ContainerList,
    container: Container,
    compiled: CompiledContainer,
    set: CompiledSidecarSet,
    entry: HashEntry | undefined,
    did: Doings,
  ): void {
    if (this.#place(list, container, compiled, set, entry, did.problems)) did.changed = true;
    did.names.push(container.name);
  }

  #container(compiled: CompiledContainer, set: CompiledSidecarSet, problems: string[]): Container | undefined {
    try {
      return containerForPod(compiled, this.#draft, this.#sources, this.#initSources, problems);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.#causes.push({
        reason: "FieldValueInvalid",
        field: "spec.containers",
        message: `Invalid value: sidecar ${JSON.stringify(compiled.name)} of SidecarSet ${JSON.stringify(set.name)}: ${error.message}`,
      });
      return undefined;
    }
  }

  #writeRecords(now: string): void {
    const draft = this.#draft;
    const sets = this.#sets;
    draft.setAnnotation(HASH_ANNOTATION, writeHashes(this.#hashes, sets, "hash", now));
    draft.setAnnotation(HASH_WITHOUT_IMAGE_ANNOTATION, writeHashes(this.#bareHashes, sets, "hashWithoutImage", now));
    const names = sets.map((set) => set.name);
    draft.setAnnotation(INJECTED_LIST_ANNOTATION, writeInjectedList(draft.annotations[INJECTED_LIST_ANNOTATION], names));
  }

  /** @returns whether the pod is changed by it */
  #place(
    list: ContainerList,
    container: Container,
    compiled: CompiledContainer,
    set: CompiledSidecarSet,
    entry: HashEntry | undefined,
    problems: string[],
  ): boolean {
    const { name } = container;
    const edits = this.#draft[list];
    const other = this.#placed.get(name);
    if (other !== undefined) {
      const fix = "rename one of them, or make the selectors disjoint";
      this.#causes.push(
        nameClash(
          `spec.${list}`,
          name,
          `sidecar ${JSON.stringify(name)} of SidecarSet ${JSON.stringify(other)}`,
          `sidecar ${JSON.stringify(name)} of SidecarSet ${JSON.stringify(set.name)}`,
          fix,
        ),
      );
      return false;
    }
    this.#placed.set(name, set.name);
    const index = edits.own.findIndex((own) => own.name === name);
    if (index >= 0) {
      const own = edits.own[index]!;
      if (isInjected(own)) {
        const fresh = refreshed(own, container, this.#additions);
        if (fresh === own) return false;
        // With the set's hash it says that it is the set's container of today. With another it is an older one.
        if (entry?.hash === set.hash && listed(entry, compiled, list)) {
          const fields = differences(own, fresh, this.#additions).filter((field) => !dependsOnPod(compiled, field));
          if (fields.length > 0)
            problems.push(`container ${name} was not the set's, but differed in ${fields.join(", ")}; it is the set's again`);
        }
        edits.replace(index, fresh);
        return true;
      }
      if (set.replaceOnConflict) {
        edits.replace(index, container);
        return true;
      }
      this.#causes.push(appClash(list, index, name, set, `${RENAME}, or ${replacing}`));
      return false;
    }
    const elsewhere = list === "containers" ? "initContainers" : "containers";
    const crossed = this.#draft[elsewhere].own.findIndex((own) => own.name === name);
    if (crossed >= 0) {
      this.#causes.push(appClash(elsewhere, crossed, name, set, RENAME));
      return false;
    }
    (compiled.before ? edits.before : edits.after).push(container);
    return true;
  }

  #reason(set: CompiledSidecarSet, { names, problems, changed }: Doings): Reason {
    const metadata = this.#metadata.get(set.name);
    const usual = changed && metadata === undefined && problems.length === 0;
    const before = usual ? injected.get(set) : undefined;
    if (before !== undefined) return before;
    const reason: Reason = {
      kind: "SidecarSet",
      rule: set.name,
      action: changed ? "applied" : "unchanged",
      reason: changed ? "Matched" : "AlreadyPresent",
      message: changed
        ? `selector and namespace match: ${names.join(", ")} injected`
        : `${names.join(", ")} injected earlier and up to date`,
      containers: names,
      ...(metadata === undefined ? {} : { annotations: metadata.changed }),
      ...(metadata === undefined || Object.keys(metadata.replaced).length === 0 ? {} : { replaced: { annotations: metadata.replaced } }),
      ...(problems.length === 0 ? {} : { problems }),
    };
    if (usual) injected.set(set, Object.freeze(reason));
    return reason;
  }
}

type ContainerList = "containers" | "initContainers";

/** What the injection of one set has done so far. */
interface Doings {
  readonly names: string[];
  readonly problems: string[];
  changed: boolean;
}

/** Cache: the usual reason is the same for every pod of a set, so it is shared and recognised by reference. */
const injected = new WeakMap<CompiledSidecarSet, Reason>();

/** Whether what a pod shares with a sidecar can change a field of it. */
function dependsOnPod({ shareMounts, shareDevices, transferEnv, resourcesPolicy }: CompiledContainer, field: string): boolean {
  if (field === "env") return shareMounts || transferEnv.length > 0;
  if (field === "volumeMounts") return shareMounts;
  if (field === "volumeDevices") return shareDevices;
  return field === "resources" && resourcesPolicy !== undefined;
}

function unreadable(
  sets: readonly CompiledSidecarSet[],
  { annotation, message }: BrokenHashAnnotation,
): { reasons: Reason[]; causes: Cause[] } {
  const field = `metadata.annotations[${annotation}]`;
  return {
    reasons: sets.map(({ name: rule }) => ({ kind: "SidecarSet", rule, action: "refused", reason: "BrokenAnnotation", message })),
    causes: [{ reason: "FieldValueInvalid", field, message: `Invalid value: ${message}` }],
  };
}

function refusal({ name: rule }: CompiledSidecarSet, causes: readonly Cause[]): Reason {
  return { kind: "SidecarSet", rule, action: "refused", reason: "NameClash", message: causes.map(({ message }) => message).join("; ") };
}

/** Plain init containers are in no list; the set's entry is enough for them. */
function listed(entry: HashEntry, compiled: CompiledContainer, list: string): boolean {
  return !entry.sidecarList || entry.sidecarList.includes(compiled.name) || (list === "initContainers" && !compiled.native);
}

/** A container as it stands in that list: a native sidecar, or an ordinary container. */
function inList(list: ContainerList, container: Container): Container {
  if (list === "initContainers") return { ...container, restartPolicy: "Always" };
  const { restartPolicy: _, ...ordinary } = container;
  return ordinary as Container;
}

const RENAME = "rename one of them";
const replacing = `let the sidecar take its place with annotation ${ON_CONFLICT_ANNOTATION}: replace on the SidecarSet`;

function appClash(list: string, index: number, name: string, set: CompiledSidecarSet, fix: string): Cause {
  const kind = list === "containers" ? "container" : "init container";
  return nameClash(
    `spec.${list}[${index}].name`,
    name,
    `the pod's ${kind} ${JSON.stringify(name)}`,
    `sidecar ${JSON.stringify(name)} of SidecarSet ${JSON.stringify(set.name)}`,
    fix,
  );
}
