import { CelError } from "./error.ts";
import { DYN, STRING, struct, type Type } from "./types.ts";
import { ListValue, MapValue, type Value } from "./value.ts";

/** Types that an expression can build: `Object.spec{replicas: 1}`. */
export interface BuildableType {
  readonly type: Type;
  /** The type of a field; `undefined` where there is no such field. */
  field(name: string): Type | undefined;
}

/** An object that an expression built. */
export class BuiltObject extends MapValue {
  readonly typeName: string;
  readonly #fields: ReadonlyMap<string, Value>;
  constructor(typeName: string, fields: ReadonlyMap<string, Value>) {
    super();
    this.typeName = typeName;
    this.#fields = fields;
  }
  override get size(): number {
    return this.#fields.size;
  }
  override get(key: Value): Value | undefined {
    return this.#fields.get(key as string);
  }
  override keys(): Iterable<Value> {
    return this.#fields.keys();
  }
}

const JSON_PATCH = "JSONPatch";
const JSON_PATCH_FIELDS: Readonly<Record<string, Type>> = { op: STRING, path: STRING, from: STRING, value: DYN };
/** Kubernetes takes any name for a field, of a type that nothing has. */
const NO_TYPE = struct("");

/**
 * The types of policies that change objects: `JSONPatch`, and `Object` with one type for each field path, whose fields are
 * not known (`k8s.io/apiserver/pkg/cel/mutation`).
 */
export function mutationType(name: string): BuildableType | undefined {
  if (name === JSON_PATCH) return { type: { ...struct(name), open: true }, field: (field) => JSON_PATCH_FIELDS[field] ?? NO_TYPE };
  if (name === "Object" || name.startsWith("Object.")) return { type: { ...struct(name), open: true }, field: () => DYN };
  return undefined;
}

/**
 * Where objects of the types `Object.…` stand that are named after other fields: `Object{spec: Object.wrong{}}`. The
 * checker knows nothing of fields, so that only the values tell.
 *
 * @throws CelError that names each of them
 */
export function checkFieldPaths(value: Value): void {
  const problems = value instanceof BuiltObject ? misplaced(value, value.typeName) : [];
  if (problems.length > 0) throw new CelError(`type mismatch: ${problems.join("\n")}`);
}

function misplaced(value: Value, path: string): string[] {
  if (value instanceof BuiltObject) {
    const own =
      value.typeName === path
        ? []
        : [
            `unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`,
          ];
    return [...own, ...[...value.keys()].flatMap((key) => misplaced(value.get(key), `${path}.${String(key)}`))];
  }
  if (value instanceof ListValue) return [...value].flatMap((item) => misplaced(item, path));
  if (value instanceof MapValue) return [...value.keys()].flatMap((key) => misplaced(value.get(key), path));
  return [];
}
