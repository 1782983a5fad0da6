import type { Cause } from "@outrigger/kit/api";
import { type Container, type Draft, type InjectionEntry, isInjected, nameClash, type Reason, withoutTemplates } from "../pod/index.ts";
import type { CompiledContainer, CompiledSidecarSet } from "./compile.ts";
import { ExpressionError } from "./expression.ts";
import { hotUpgradePair, writeHotUpgradeState } from "./hot-upgrade.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, INJECTED_LIST_ANNOTATION, ON_CONFLICT_ANNOTATION } from "./names.ts";
import { patchPodMetadata } from "./patch-metadata.ts";
import { BrokenHashAnnotation, type HashEntry, readHashes, writeHashes, writeInjectedList } from "./record.ts";
import { refreshed } from "./refresh.ts";
import { containerForPod } from "./share.ts";

/**
 * Puts the sidecars of all matching sets into a pod, in the order given.
 *
 * - "Before" containers of all sets come first, then the pod's own, then all "after"; the same for init containers.
 * - A container that an earlier call injected is refreshed where it stands.
 * - A name that the pod's own container has already is a cause for refusal, unless the set says `on-conflict: replace`.
 *
 * @param now RFC 3339, UTC, whole seconds
 * @returns why, set by set; `causes` are those of a refusal, and then the draft is not to be used
 */
export function injectSidecarSets(
  draft: Draft,
  sets: readonly CompiledSidecarSet[],
  record: readonly InjectionEntry[],
  now: string,
): { reasons: Reason[]; causes: Cause[] } {
  const injection = new Injection(draft, record);
  try {
    for (const set of sets) injection.patchMetadata(set);
    injection.readRecords();
  } catch (error) {
    if (!(error instanceof BrokenHashAnnotation)) throw error;
    const cause: Cause = {
      reason: "FieldValueInvalid",
      field: `metadata.annotations[${error.annotation}]`,
      message: `Invalid value: ${error.message}`,
    };
    return {
      reasons: sets.map((set) => ({
        kind: "SidecarSet",
        rule: set.name,
        action: "refused",
        reason: "BrokenAnnotation",
        message: error.message,
      })),
      causes: [cause],
    };
  }
  for (const set of sets) injection.inject(set);
  if (injection.causes.length === 0) injection.writeRecords(sets, now);
  return { reasons: injection.reasons, causes: injection.causes };
}

type ContainerList = "containers" | "initContainers";

class Injection {
  readonly reasons: Reason[] = [];
  readonly causes: Cause[] = [];
  readonly #draft: Draft;
  readonly #sources: readonly Container[];
  readonly #initSources: readonly Container[];
  /** Sidecars placed in this pass: name → set. */
  readonly #placed = new Map<string, string>();
  readonly #metadataKeys = new Map<string, string[]>();
  #hashes: Record<string, HashEntry> = {};
  #bareHashes: Record<string, HashEntry> = {};

  constructor(draft: Draft, record: readonly InjectionEntry[]) {
    this.#draft = draft;
    this.#sources = record.length === 0 ? draft.containers.own : withoutTemplates(draft.containers.own, record);
    this.#initSources = record.length === 0 ? draft.initContainers.own : withoutTemplates(draft.initContainers.own, record);
  }

  patchMetadata(set: CompiledSidecarSet): void {
    if (set.metadata.length === 0) return;
    const { changed, causes } = patchPodMetadata(this.#draft, set);
    this.#metadataKeys.set(set.name, changed);
    this.causes.push(...causes);
  }

  readRecords(): void {
    const { annotations } = this.#draft;
    this.#hashes = readHashes(HASH_ANNOTATION, annotations[HASH_ANNOTATION]);
    this.#bareHashes = readHashes(HASH_WITHOUT_IMAGE_ANNOTATION, annotations[HASH_WITHOUT_IMAGE_ANNOTATION]);
  }

  inject(set: CompiledSidecarSet): void {
    const entry = Object.hasOwn(this.#hashes, set.name) ? this.#hashes[set.name] : undefined;
    const before = this.causes.length;
    const did: Doings = {
      names: [],
      problems: [],
      changed: (this.#metadataKeys.get(set.name)?.length ?? 0) > 0 || entry?.hash !== set.hash,
    };
    for (const compiled of set.initContainers) this.#inject("initContainers", compiled, set, entry, did);
    for (const compiled of set.containers) this.#inject("containers", compiled, set, entry, did);
    for (const secret of set.pullSecrets) this.#draft.addPullSecret(secret);
    this.reasons.push(this.causes.length > before ? refusal(set, this.causes.slice(before)) : this.#reason(set, did));
  }

  #inject(list: ContainerList, compiled: CompiledContainer, set: CompiledSidecarSet, entry: HashEntry | undefined, did: Doings): void {
    const container = this.#container(compiled, set, did.problems);
    if (container === undefined) return;
    if (compiled.hotUpgradeEmptyImage === undefined) this.#placeOne(list, container, compiled, set, entry, did);
    else {
      for (const one of hotUpgradePair(compiled.hotUpgradeEmptyImage, container, this.#draft.annotations))
        this.#placeOne(list, one, compiled, set, entry, did);
      writeHotUpgradeState(this.#draft, compiled.name, set.version);
    }
    this.#takeVolumes(container, set);
  }
  #placeOne(
    list: ContainerList,
    container: Container,
    compiled: CompiledContainer,
    set: CompiledSidecarSet,
    entry: HashEntry | undefined,
    did: Doings,
  ): void {
    if (this.#place(list, container, compiled, set, entry)) did.changed = true;
    did.names.push(container.name);
  }

  #container(compiled: CompiledContainer, set: CompiledSidecarSet, problems: string[]): Container | undefined {
    try {
      return containerForPod(compiled, this.#draft, this.#sources, this.#initSources, problems);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.causes.push({
        reason: "FieldValueInvalid",
        field: "spec.containers",
        message: `Invalid value: sidecar ${JSON.stringify(compiled.name)} of SidecarSet ${JSON.stringify(set.name)}: ${error.message}`,
      });
      return undefined;
    }
  }

  writeRecords(sets: readonly CompiledSidecarSet[], now: string): void {
    const draft = this.#draft;
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
  ): boolean {
    const { name } = container;
    const edits = this.#draft[list];
    const other = this.#placed.get(name);
    if (other !== undefined) {
      const fix = "rename one of them, or make the selectors disjoint";
      this.causes.push(
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
      if (isInjected(own) && entry !== undefined && listed(entry, compiled, list)) {
        const fresh = refreshed(own, container, entry.hash === set.hash);
        if (fresh === own) return false;
        edits.replace(index, fresh);
        return true;
      }
      if (set.replaceOnConflict) {
        edits.replace(index, container);
        return true;
      }
      this.causes.push(appClash(list, index, name, set));
      return false;
    }
    const elsewhere = list === "containers" ? "initContainers" : "containers";
    const crossed = this.#draft[elsewhere].own.findIndex((own) => own.name === name);
    if (crossed >= 0) {
      this.causes.push(appClash(elsewhere, crossed, name, set));
      return false;
    }
    (compiled.before ? edits.before : edits.after).push(container);
    return true;
  }

  #takeVolumes(container: Container, set: CompiledSidecarSet): void {
    if (set.volumes.size === 0) return;
    for (const { name } of container.volumeMounts ?? []) {
      const volume = set.volumes.get(name);
      if (volume !== undefined) this.#draft.addVolume(volume);
    }
    for (const { name } of container.volumeDevices ?? []) {
      const volume = set.volumes.get(name);
      if (volume !== undefined) this.#draft.addVolume(volume);
    }
  }

  #reason(set: CompiledSidecarSet, { names, problems, changed }: Doings): Reason {
    const annotations = this.#metadataKeys.get(set.name);
    const usual = changed && annotations === undefined && problems.length === 0;
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
      ...(annotations === undefined ? {} : { annotations }),
      ...(problems.length === 0 ? {} : { problems }),
    };
    if (usual) injected.set(set, Object.freeze(reason));
    return reason;
  }
}

/** What the injection of one set has done so far. */
interface Doings {
  readonly names: string[];
  readonly problems: string[];
  changed: boolean;
}

/** Of most pods there is the same to say, and who writes it down can know it again. */
const injected = new WeakMap<CompiledSidecarSet, Reason>();

function refusal({ name: rule }: CompiledSidecarSet, causes: readonly Cause[]): Reason {
  return { kind: "SidecarSet", rule, action: "refused", reason: "NameClash", message: causes.map(({ message }) => message).join("; ") };
}

/** Plain init containers are in no list; the set's entry is enough for them. */
function listed(entry: HashEntry, compiled: CompiledContainer, list: string): boolean {
  return entry.sidecarList === undefined || entry.sidecarList.includes(compiled.name) || (list === "initContainers" && !compiled.native);
}

function appClash(list: string, index: number, name: string, set: CompiledSidecarSet): Cause {
  const kind = list === "containers" ? "container" : "init container";
  return nameClash(
    `spec.${list}[${index}].name`,
    name,
    `the pod's ${kind} ${JSON.stringify(name)}`,
    `sidecar ${JSON.stringify(name)} of SidecarSet ${JSON.stringify(set.name)}`,
    `rename one of them, or let the sidecar take its place with annotation ${ON_CONFLICT_ANNOTATION}: replace on the SidecarSet`,
  );
}
