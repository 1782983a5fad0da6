import type { Container, EnvVar, LocalObjectReference, Pod, Volume } from "./pod.ts";

/** One operation of RFC 6902 as an admission answer carries it. */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

const NO_CONTAINERS: readonly Container[] = Object.freeze([]);
const NO_VOLUMES: readonly Volume[] = Object.freeze([]);
const NO_SECRETS: readonly LocalObjectReference[] = Object.freeze([]);

type ContainerList = "containers" | "initContainers";

/**
 * A pod under change: what it was, and the edits so far. Nothing of the original is copied until it is edited, and the
 * original is never written to; the patch is made of the edits, not by comparing two pods.
 *
 * Guarantees: `patch()` applied to the original gives `pod()`; no edit gives an empty patch and the original itself.
 */
export class Draft {
  readonly original: Pod;
  readonly #labels: StringMap;
  readonly #annotations: StringMap;
  readonly containers: ContainerEdits;
  readonly initContainers: ContainerEdits;
  readonly #newVolumes: Volume[] = [];
  readonly #newSecrets: LocalObjectReference[] = [];
  #securityContext: Record<string, unknown> | undefined;
  readonly #newGates: { readonly conditionType: string }[] = [];

  constructor(pod: Pod) {
    this.original = pod;
    this.#labels = new StringMap(pod.metadata.labels, "/metadata/labels");
    this.#annotations = new StringMap(pod.metadata.annotations, "/metadata/annotations");
    this.containers = new ContainerEdits(pod.spec.containers ?? NO_CONTAINERS, "containers");
    this.initContainers = new ContainerEdits(pod.spec.initContainers ?? NO_CONTAINERS, "initContainers");
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#labels.current;
  }
  get annotations(): Readonly<Record<string, string>> {
    return this.#annotations.current;
  }
  setLabel(key: string, value: string): void {
    this.#labels.set(key, value);
  }
  setAnnotation(key: string, value: string): void {
    this.#annotations.set(key, value);
  }

  /** The volume of this name, the pod's own before those that rules added. */
  volume(name: string): Volume | undefined {
    const own = this.original.spec.volumes ?? NO_VOLUMES;
    return own.find((volume) => volume.name === name) ?? this.#newVolumes.find((volume) => volume.name === name);
  }
  /** Adds a volume at the end; its name must be free. */
  addVolume(volume: Volume): void {
    this.#newVolumes.push(volume);
  }
  /** Adds a pull secret at the end unless it is there. */
  addPullSecret(secret: LocalObjectReference): void {
    const own = this.original.spec.imagePullSecrets ?? NO_SECRETS;
    if (own.some((other) => other.name === secret.name) || this.#newSecrets.some((other) => other.name === secret.name)) return;
    this.#newSecrets.push(secret);
  }
  /** Sets a field of the pod's security context where the pod leaves it open. @returns whether it was set */
  setSecurityContext(field: string, value: unknown): boolean {
    const current = this.#securityContext ?? (this.original.spec["securityContext"] as Record<string, unknown> | undefined) ?? {};
    if (current[field] !== undefined) return false;
    this.#securityContext = { ...current, [field]: value };
    return true;
  }

  /** Adds a readiness gate at the end unless it is there. @returns whether it was added */
  addReadinessGate(conditionType: string): boolean {
    const own = (this.original.spec["readinessGates"] ?? []) as readonly { readonly conditionType: string }[];
    if ([...own, ...this.#newGates].some((gate) => gate.conditionType === conditionType)) return false;
    this.#newGates.push({ conditionType });
    return true;
  }

  get changed(): boolean {
    return (
      this.#newGates.length > 0 ||
      this.#labels.changed ||
      this.#annotations.changed ||
      this.containers.changed ||
      this.initContainers.changed ||
      this.#newVolumes.length > 0 ||
      this.#newSecrets.length > 0 ||
      this.#securityContext !== undefined
    );
  }

  patch(): PatchOperation[] {
    const operations: PatchOperation[] = [];
    this.#labels.write(operations);
    this.#annotations.write(operations);
    appendAll(operations, "/spec/volumes", this.original.spec.volumes, this.#newVolumes);
    appendAll(operations, "/spec/imagePullSecrets", this.original.spec.imagePullSecrets, this.#newSecrets);
    appendAll(operations, "/spec/readinessGates", this.original.spec["readinessGates"] as readonly unknown[] | undefined, this.#newGates);
    this.initContainers.write(operations, (this.original.spec.initContainers ?? undefined) !== undefined);
    this.containers.write(operations, (this.original.spec.containers ?? undefined) !== undefined);
    if (this.#securityContext !== undefined) operations.push({ op: "add", path: "/spec/securityContext", value: this.#securityContext });
    return operations;
  }

  pod(): Pod {
    const { original } = this;
    if (!this.changed) return original;
    const metadata = { ...original.metadata };
    if (this.#labels.changed) metadata.labels = this.#labels.current;
    if (this.#annotations.changed) metadata.annotations = this.#annotations.current;
    const spec = { ...original.spec };
    if (this.containers.changed) spec.containers = this.containers.list();
    if (this.initContainers.changed) spec.initContainers = this.initContainers.list();
    if (this.#newVolumes.length > 0) spec.volumes = [...(spec.volumes ?? NO_VOLUMES), ...this.#newVolumes];
    if (this.#newSecrets.length > 0) spec.imagePullSecrets = [...(spec.imagePullSecrets ?? NO_SECRETS), ...this.#newSecrets];
    if (this.#newGates.length > 0)
      spec["readinessGates"] = [...((spec["readinessGates"] as readonly unknown[] | undefined) ?? []), ...this.#newGates];
    if (this.#securityContext !== undefined) spec["securityContext"] = this.#securityContext;
    return { ...original, metadata, spec };
  }
}

/** Edits of one list of containers: its own, replaced in place, and those put before and after them. */
export class ContainerEdits {
  /** The pod's own containers as they are now, at their original places. */
  own: readonly Container[];
  readonly before: Container[] = [];
  readonly after: Container[] = [];
  readonly #field: ContainerList;
  readonly #edits: PatchOperation[] = [];
  /** How many variables rules put before those of the pod's own container at a place. */
  readonly #front = new Map<number, number>();

  constructor(own: readonly Container[], field: ContainerList) {
    this.own = own;
    this.#field = field;
  }

  get changed(): boolean {
    return this.#edits.length > 0 || this.before.length > 0 || this.after.length > 0;
  }

  /** Puts `container` in the place of the pod's own one at `index`; `edits` are relative to it and default to the whole. */
  replace(index: number, container: Container, edits?: readonly PatchOperation[]): void {
    this.own = this.own.with(index, container);
    const path = `/spec/${this.#field}/${index}`;
    if (edits === undefined) this.#edits.push({ op: "replace", path, value: container });
    else for (const edit of edits) this.#edits.push({ ...edit, path: path + edit.path });
  }

  /**
   * Gives the pod's own container at `index` variables, before its own, so that its own can refer to them; those of
   * earlier calls stay before those of later ones. None of their names may be there yet.
   */
  addVariables(index: number, variables: readonly EnvVar[]): void {
    const container = this.own[index]!;
    const front = this.#front.get(index) ?? 0;
    this.#front.set(index, front + variables.length);
    const env = container.env ?? undefined;
    const edits: PatchOperation[] =
      env === undefined
        ? [{ op: "add", path: "/env", value: variables }]
        : variables.map((value, offset) => ({ op: "add", path: `/env/${front + offset}`, value }));
    this.replace(index, { ...container, env: env === undefined ? variables : env.toSpliced(front, 0, ...variables) }, edits);
  }

  list(): Container[] {
    return [...this.before, ...this.own, ...this.after];
  }

  write(operations: PatchOperation[], exists: boolean): void {
    const path = `/spec/${this.#field}`;
    if (!exists) {
      if (this.before.length + this.after.length > 0) operations.push({ op: "add", path, value: [...this.before, ...this.after] });
      return;
    }
    for (const edit of this.#edits) operations.push(edit);
    for (const container of this.after) operations.push({ op: "add", path: `${path}/-`, value: container });
    for (let index = 0; index < this.before.length; index++)
      operations.push({ op: "add", path: `${path}/${index}`, value: this.before[index] });
  }
}

class StringMap {
  current: Record<string, string>;
  readonly #original: Readonly<Record<string, string>> | undefined;
  readonly #path: string;
  #touched: string[] | undefined;

  constructor(original: Record<string, string> | undefined, path: string) {
    this.#original = original ?? undefined;
    this.current = original ?? EMPTY;
    this.#path = path;
  }

  get changed(): boolean {
    return this.#touched?.some((key) => this.#original?.[key] !== this.current[key]) ?? false;
  }

  set(key: string, value: string): void {
    if (this.current[key] === value) return;
    if (this.#touched === undefined) {
      this.current = { ...this.current };
      this.#touched = [key];
    } else if (!this.#touched.includes(key)) this.#touched.push(key);
    // `__proto__` is a legal key on the wire; an assignment would set the prototype instead.
    if (key === "__proto__") Object.defineProperty(this.current, key, { value, enumerable: true, configurable: true, writable: true });
    else this.current[key] = value;
  }

  write(operations: PatchOperation[]): void {
    if (!this.changed) return;
    if (this.#original === undefined) {
      operations.push({ op: "add", path: this.#path, value: this.current });
      return;
    }
    for (const key of this.#touched!) {
      const value = this.current[key];
      if (this.#original[key] !== value) {
        operations.push({ op: Object.hasOwn(this.#original, key) ? "replace" : "add", path: `${this.#path}/${token(key)}`, value });
      }
    }
  }
}

const EMPTY: Record<string, string> = Object.freeze({});

/** A reference token of RFC 6901. */
function token(key: string): string {
  return key.includes("~") || key.includes("/") ? key.replaceAll("~", "~0").replaceAll("/", "~1") : key;
}

function appendAll(operations: PatchOperation[], path: string, existing: readonly unknown[] | undefined, added: readonly unknown[]): void {
  if (added.length === 0) return;
  if (existing === undefined || existing === null) operations.push({ op: "add", path, value: added });
  else for (const value of added) operations.push({ op: "add", path: `${path}/-`, value });
}
