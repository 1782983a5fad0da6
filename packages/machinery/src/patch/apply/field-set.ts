/**
 * One step of a path, in the form that FieldsV1 gives it: `f:name` a field, `k:{"name":"a"}` the item of a list with
 * that key, `v:"a"` the item of a set, `i:0` the item at that place.
 */
export type PathElement = string;

/**
 * A set of fields of an object, as managedFields keep it (`structured-merge-diff/fieldpath.Set`).
 *
 * A path may be a member, have members below it, or both: a manager may own `.data.x` but not `.data` itself.
 */
export class FieldSet {
  readonly members: Set<PathElement>;
  readonly children: Map<PathElement, FieldSet>;

  constructor(members: Iterable<PathElement> = [], children: Iterable<[PathElement, FieldSet]> = []) {
    this.members = new Set(members);
    this.children = new Map(children);
  }

  static of(paths: Iterable<readonly PathElement[]>): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** The root is never a member: an empty path changes nothing. */
  insert(path: readonly PathElement[]): void {
    let set: FieldSet = this;
    for (const element of path.slice(0, -1)) {
      const next = set.children.get(element) ?? new FieldSet();
      set.children.set(element, next);
      set = next;
    }
    const last = path.at(-1);
    if (last !== undefined) set.members.add(last);
  }

  has(path: readonly PathElement[]): boolean {
    let set: FieldSet | undefined = this;
    for (const element of path.slice(0, -1)) set = set?.children.get(element);
    const last = path.at(-1);
    return last !== undefined && (set?.members.has(last) ?? false);
  }

  get empty(): boolean {
    if (this.members.size > 0) return false;
    for (const child of this.children.values()) if (!child.empty) return false;
    return true;
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet([...this.members, ...other.members], this.children);
    for (const [element, child] of other.children) {
      const present = result.children.get(element);
      result.children.set(element, present ? present.union(child) : child);
    }
    return result;
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet([...this.members].filter((element) => other.members.has(element)));
    for (const [element, child] of this.children) {
      const opposite = other.children.get(element);
      const both = opposite && child.intersection(opposite);
      if (both && !both.empty) result.children.set(element, both);
    }
    return result;
  }

  /** The members that `other` has not; what lies below a member of `other` stays. */
  difference(other: FieldSet): FieldSet {
    return this.without(other, false);
  }

  /** The members that `other` has not, without all that lies below a member of `other`. */
  recursiveDifference(other: FieldSet): FieldSet {
    return this.without(other, true);
  }

  private without(other: FieldSet, recursive: boolean): FieldSet {
    const result = new FieldSet([...this.members].filter((element) => !other.members.has(element)));
    for (const [element, child] of this.children) {
      if (recursive && other.members.has(element)) continue;
      const opposite = other.children.get(element);
      const rest = opposite ? child.without(opposite, recursive) : child;
      if (!rest.empty) result.children.set(element, rest);
    }
    return result;
  }

  /** Every member path: those of a level first, in Kubernetes' order, then those below. */
  *paths(prefix: readonly PathElement[] = []): Generator<readonly PathElement[]> {
    for (const element of [...this.members].sort(compareElements)) yield [...prefix, element];
    for (const [element, child] of this.sortedChildren()) yield* child.paths([...prefix, element]);
  }

  private sortedChildren(): [PathElement, FieldSet][] {
    return [...this.children].sort(([a], [b]) => compareElements(a, b));
  }

  /** FieldsV1. */
  toJson(): Record<string, unknown> {
    return this.emit(false);
  }

  private emit(isMember: boolean): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    if (isMember && (this.members.size > 0 || this.children.size > 0)) result["."] = {};
    for (const element of [...new Set([...this.members, ...this.children.keys()])].sort(compareElements)) {
      const child = this.children.get(element);
      result[element] = child ? child.emit(this.members.has(element)) : {};
    }
    return result;
  }

  /** Reads FieldsV1; elements of a kind that is not known are left out. */
  static fromJson(json: unknown): FieldSet {
    const set = new FieldSet();
    if (typeof json !== "object" || json === null) return set;
    for (const [key, below] of Object.entries(json)) {
      if (key === "." || !/^[fkvi]:/.test(key)) continue;
      const element = key.startsWith("k:") || key.startsWith("v:") ? canonical(key) : key;
      const child = FieldSet.fromJson(below);
      if (child.empty || (typeof below === "object" && below !== null && "." in below)) set.members.add(element);
      if (!child.empty) set.children.set(element, child);
    }
    return set;
  }
}

export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

/** @param keys Sorted here by name. */
export function keyElement(keys: readonly (readonly [string, unknown])[]): PathElement {
  const sorted = [...keys].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `k:{${sorted.map(([name, value]) => `${goJson(name)}:${goJson(value)}`).join(",")}}`;
}

export function valueElement(value: unknown): PathElement {
  return `v:${goJson(value)}`;
}

/** As conflicts name a path: `.spec.ports[port=80,protocol="TCP"].name`. */
export function pathString(path: readonly PathElement[]): string {
  return path.map(elementString).join("");
}

export function elementString(element: PathElement): string {
  const text = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${text}`;
    case "k":
      return `[${Object.entries(JSON.parse(text))
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(",")}]`;
    case "v":
      return `[=${text}]`;
    default:
      return `[${text}]`;
  }
}

/** Go's JSON: as ours, but with `<`, `>` and `&` escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function canonical(element: PathElement): PathElement {
  try {
    const value: unknown = JSON.parse(element.slice(2));
    return element[0] === "v" ? valueElement(value) : keyElement(Object.entries(value as object));
  } catch {
    return element;
  }
}

const KINDS = "fkvi";

function compareElements(a: PathElement, b: PathElement): number {
  const kinds = KINDS.indexOf(a[0] ?? "") - KINDS.indexOf(b[0] ?? "");
  if (kinds !== 0) return kinds;
  if (a[0] === "f" || a === b) return a < b ? -1 : a > b ? 1 : 0;
  if (a[0] === "k") {
    const left = Object.entries(JSON.parse(a.slice(2)));
    const right = Object.entries(JSON.parse(b.slice(2)));
    for (const [index, [name, value]] of left.entries()) {
      const opposite = right[index];
      if (!opposite) return 1;
      const order = compareScalars(name, opposite[0]) || compareScalars(value, opposite[1]);
      if (order !== 0) return order;
    }
    return left.length - right.length;
  }
  return compareScalars(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
}

/** Numbers before strings before booleans before null, as `structured-merge-diff/value.Compare`. */
function compareScalars(a: unknown, b: unknown): number {
  const rank = (value: unknown) => ["number", "string", "boolean"].indexOf(typeof value) >>> 0;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
}
