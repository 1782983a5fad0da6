import { isObject } from "@outrigger/kit/patch";
import { goType, goValue } from "../go-format.ts";
import { elementString, fieldElement } from "./field-set.ts";
import { deduce, type FieldType, itemElement, type ListType, type MapType, NoPathElement } from "./field-type.ts";

/**
 * What keeps a value from being of a type, in the words of `structured-merge-diff/typed.Validate`: "" where nothing
 * does. Values are checked only as far as apply needs: kinds of values, unknown fields, items that cannot be told apart.
 */
export function nonconformity(type: FieldType, value: unknown, allowDuplicates: boolean): string {
  const problems = check(type, value, allowDuplicates).map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return problems.length > 1 ? ["errors:", ...problems.map((problem) => `  ${problem}`)].join("\n") : (problems[0] ?? "");
}

interface Problem {
  readonly path: string;
  readonly message: string;
}

function check(type: FieldType, value: unknown, allowDuplicates: boolean): Problem[] {
  if (value === null || value === undefined) return [];
  const actual = deduce(type, value);
  if (actual.map) return isObject(value) ? checkMap(actual.map, value, allowDuplicates) : problem(`expected map, got &{${goValue(value)}}`);
  if (actual.scalar) return checkScalar(actual.scalar, value);
  if (!actual.list) return [];
  return Array.isArray(value) ? checkList(actual.list, value, allowDuplicates) : problem(`expected list, got &{${goValue(value)}}`);
}

function problem(message: string): Problem[] {
  return [{ path: "", message }];
}

function checkScalar(scalar: NonNullable<FieldType["scalar"]>, value: unknown): Problem[] {
  switch (scalar) {
    case "numeric":
      return typeof value === "number" ? [] : problem(`expected numeric (int or float), got ${goType(value)}`);
    case "string":
      return typeof value === "string" ? [] : problem(`expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`);
    case "boolean":
      return typeof value === "boolean" ? [] : problem(`expected boolean, got &{${goValue(value)}}`);
    default:
      return typeof value === "object" ? problem(`expected any scalar, got &{${goValue(value)}}`) : [];
  }
}

/** Go's `%#v`. */
function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`);
  return `map[string]interface {}{${fields.join(", ")}}`;
}

function checkMap(map: MapType, value: Record<string, unknown>, allowDuplicates: boolean): Problem[] {
  const problems: Problem[] = [];
  for (const key of Object.keys(value)) {
    const type = map.field(key) ?? map.element();
    const at = elementString(fieldElement(key));
    if (!type) {
      problems.push({ path: at, message: "field not declared in schema" });
      break;
    }
    for (const { path, message } of check(type, value[key], allowDuplicates)) problems.push({ path: at + path, message });
  }
  return problems;
}

function checkList(list: ListType, value: readonly unknown[], allowDuplicates: boolean): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    let element = `i:${index}`;
    if (!list.atomic) {
      try {
        element = itemElement(list, item);
      } catch (error) {
        if (!(error instanceof NoPathElement)) throw error;
        problems.push({ path: "", message: `element ${index}: ${error.message}` });
        return problems;
      }
      if (seen.has(element) && !allowDuplicates) {
        problems.push({ path: "", message: `duplicate entries for key ${elementString(element)}` });
      }
      seen.add(element);
    }
    const at = elementString(element);
    for (const { path, message } of check(list.element(), item, allowDuplicates)) problems.push({ path: at + path, message });
  }
  return problems;
}
