import type { Declaration } from "./declaration.ts";

export type TypeKind =
  | "bool"
  | "bytes"
  | "double"
  | "duration"
  | "dyn"
  | "error"
  | "int"
  | "list"
  | "map"
  | "null"
  | "opaque"
  | "param"
  | "string"
  | "struct"
  | "timestamp"
  | "type"
  | "uint";

/** A type of the checker. Types without parameters are compared by kind and name. */
export interface Type {
  readonly kind: TypeKind;
  readonly name: string;
  readonly params: readonly Type[];
  /** Of a struct: what its schema says. */
  readonly declaration?: Declaration;
  /** Of a struct without declaration: any field may be asked for. */
  readonly open?: boolean;
}

const simple = (kind: TypeKind, name: string = kind): Type => ({ kind, name, params: [] });

export const BOOL = simple("bool");
export const BYTES = simple("bytes");
export const DOUBLE = simple("double");
export const DURATION = simple("duration");
export const DYN = simple("dyn");
export const ERROR = simple("error");
export const INT = simple("int");
export const NULL = simple("null");
export const STRING = simple("string");
export const TIMESTAMP = simple("timestamp");
export const UINT = simple("uint");

export const listOf = (item: Type): Type => ({ kind: "list", name: "list", params: [item] });
export const mapOf = (key: Type, value: Type): Type => ({ kind: "map", name: "map", params: [key, value] });
export const optionalOf = (value: Type): Type => ({ kind: "opaque", name: "optional_type", params: [value] });
export const typeOf = (type: Type): Type => ({ kind: "type", name: "type", params: [type] });
export const param = (name: string): Type => simple("param", name);
/** A type with functions of its own that an expression cannot look into. */
export const opaque = (name: string): Type => simple("opaque", name);
export const struct = (name: string, declaration?: Declaration): Type => ({
  kind: "struct",
  name,
  params: [],
  ...(declaration && { declaration }),
});

export const isDyn = (type: Type): boolean => type.kind === "dyn";
export const isOptional = (type: Type): boolean => type.kind === "opaque" && type.name === "optional_type";

/** What is inside an optional type, or the type itself. */
export function unwrapped(type: Type): Type {
  return isOptional(type) ? type.params[0]! : type;
}

/** The type as messages spell it. */
export function shown(type: Type): string {
  const inner = type.params.map(shown).join(", ");
  switch (type.kind) {
    case "error":
      return "!error!";
    case "list":
    case "map":
    case "type":
    case "opaque":
      return inner === "" ? type.name : `${type.name}(${inner})`;
    default:
      return type.name;
  }
}

export function sameType(a: Type, b: Type): boolean {
  return (
    a === b ||
    (a.kind === b.kind &&
      a.name === b.name &&
      a.params.length === b.params.length &&
      a.params.every((inner, index) => sameType(inner, b.params[index]!)))
  );
}

/** What type parameters stand for, as far as an expression has shown so far. */
export type Substitutions = ReadonlyMap<string, Type>;

/** The substitutions under which each type of one list can be used where the other's stands; `undefined` where there are none. */
export function assignable(substitutions: Substitutions, from: readonly Type[], to: readonly Type[]): Substitutions | undefined {
  const next = new Map(substitutions);
  return listAssignable(next, from, to) ? next : undefined;
}

function listAssignable(map: Map<string, Type>, from: readonly Type[], to: readonly Type[]): boolean {
  return from.length === to.length && from.every((type, index) => isAssignable(map, type, to[index]!));
}

function isAssignable(map: Map<string, Type>, from: Type, to: Type): boolean {
  if (to.kind === "param") {
    const [valid, known] = substitutes(map, from, to);
    if (valid) return true;
    if (known) return false;
  }
  if (from.kind === "param") return substitutes(map, to, from)[0];
  if (isDyn(from) || isDyn(to) || from.kind === "error" || to.kind === "error") return true;
  if (from.kind === "null") return to.kind === "null" || NULLABLE.has(to.kind);
  if (to.kind === "null") return NULLABLE.has(from.kind);
  if (from.kind !== to.kind) return false;
  switch (from.kind) {
    case "type":
      return true;
    case "opaque":
    case "list":
    case "map":
      return from.name === to.name && listAssignable(map, from.params, to.params);
    default:
      return from.name === to.name;
  }
}

const NULLABLE: ReadonlySet<TypeKind> = new Set(["opaque", "struct", "duration", "timestamp"]);

/** Whether a type can stand for a parameter, and whether something stood for it already. */
function substitutes(map: Map<string, Type>, type: Type, parameter: Type): [valid: boolean, known: boolean] {
  if (sameType(type, parameter)) return [true, true];
  const known = map.get(parameter.name);
  if (known) {
    if (sameType(type, known)) return [true, true];
    if (!isAssignable(map, type, known)) return [false, true];
    const general = moreGeneral(type, known);
    if (!occurs(map, parameter, general)) map.set(parameter.name, general);
    return [true, true];
  }
  if (occurs(map, parameter, type)) return [false, false];
  map.set(parameter.name, type);
  return [true, false];
}

function occurs(map: Map<string, Type>, parameter: Type, within: Type): boolean {
  if (sameType(parameter, within)) return true;
  if (within.kind === "param") {
    const known = map.get(within.name);
    return known !== undefined && occurs(map, parameter, known);
  }
  return within.params.some((inner) => occurs(map, parameter, inner));
}

/** Of two types that unify, the one that takes more. */
export function moreGeneral(a: Type, b: Type): Type {
  return lessSpecific(a, b) ? a : b;
}

function lessSpecific(a: Type, b: Type): boolean {
  if (isDyn(a) || a.kind === "param") return true;
  if (isDyn(b) || b.kind === "param" || a.kind !== b.kind) return false;
  if (a.kind === "type") return true;
  if (a.name !== b.name || a.params.length !== b.params.length) return false;
  return a.params.every((inner, index) => lessSpecific(inner, b.params[index]!));
}

/** The type with what its parameters stand for; those that stand for nothing become `dyn` where asked. */
export function substitute(substitutions: Substitutions, type: Type, freeToDyn: boolean): Type {
  if (type.kind === "param") {
    const known = substitutions.get(type.name);
    if (known) return substitute(substitutions, known, freeToDyn);
    return freeToDyn ? DYN : type;
  }
  if (type.params.length === 0) return type;
  return { ...type, params: type.params.map((inner) => substitute(substitutions, inner, freeToDyn)) };
}
