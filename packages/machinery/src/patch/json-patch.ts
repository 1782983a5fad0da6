import { clone, equal, isObject, type JsonObject, own, put } from "@outrigger/kit/patch";
import { PatchError } from "./error.ts";
import { jsonTypeName } from "./go-format.ts";

/** The API server refuses longer patches (413). */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;

/**
 * Applies a JSON patch as the API server does (`evanphx/json-patch` v4), which is RFC 6902 with a few liberties:
 * `replace` of a field that is not there adds it, negative indices count from the end, and a `test` of a missing field
 * against null passes. A document cannot be removed, nor replaced by a scalar.
 *
 * @param document Anything; not changed.
 * @param operations The patch as decoded from the request: checked here.
 * @throws PatchError 400 where it is no patch, 413 where it is too long, 422 where it does not fit the document.
 */
export function applyJsonPatch<T>(document: T, operations: unknown): T {
  const checked = checkedOperations(operations);
  let root: unknown = clone(document);
  for (const operation of checked) root = step(root, operation);
  return root as T;
}

function checkedOperations(operations: unknown): readonly JsonObject[] {
  if (operations === null) return [];
  if (!Array.isArray(operations)) throw undecodable(operations, "Go value of type []handlers.jsonPatchOp");
  for (const operation of operations) {
    if (!isObject(operation)) throw undecodable(operation, "Go value of type handlers.jsonPatchOp");
    for (const field of ["op", "path", "from"]) {
      const value = own(operation, field);
      if (value !== undefined && value !== null && typeof value !== "string")
        throw undecodable(value, `Go struct field jsonPatchOp.${field} of type string`);
    }
  }
  if (operations.length > MAX_JSON_PATCH_OPERATIONS) {
    throw new PatchError(
      413,
      "RequestEntityTooLarge",
      `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${operations.length}`,
    );
  }
  return operations;
}

function undecodable(value: unknown, into: string): PatchError {
  return PatchError.badRequest(`error decoding patch: json: cannot unmarshal ${jsonTypeName(value)} into ${into}`);
}

function step(root: unknown, operation: JsonObject): unknown {
  const op = own(operation, "op");
  const path = own(operation, "path");
  const from = own(operation, "from");
  if (typeof op !== "string") throw PatchError.unprocessable("Unexpected kind: unknown");
  if (typeof path !== "string") throw PatchError.unprocessable(`${op} operation failed to decode path: missing value`);
  switch (op) {
    case "add":
      add(place(root, path, op), clone(own(operation, "value") ?? null), path);
      return root;
    case "remove":
      remove(place(root, path, op), path);
      return root;
    case "replace": {
      const value = clone(own(operation, "value") ?? null);
      if (path === "") {
        if (typeof value !== "object" || value === null) throw PatchError.unprocessable("replace operation value must be object or array");
        return value;
      }
      replace(place(root, path, op), value);
      return root;
    }
    case "test": {
      const value = own(operation, "value") ?? null;
      const found = path === "" ? root : (read(place(root, path, op), path) ?? null);
      if (!equal(found, value)) throw PatchError.unprocessable(`testing value ${path} failed: test failed`);
      return root;
    }
    case "move":
    case "copy": {
      if (typeof from !== "string") throw PatchError.unprocessable(`${op} operation failed to decode from: missing value`);
      const source = place(root, from, op);
      const value = read(source, from);
      if (op === "move") remove(source, from);
      add(place(root, path, op), op === "move" ? value : clone(value ?? null), path);
      return root;
    }
    default:
      throw PatchError.unprocessable(`Unexpected kind: ${op}`);
  }
}

/** Where an operation works: a container that exists, and the last token of the path in it. */
interface Place {
  readonly container: JsonObject | unknown[];
  readonly key: string;
}

function place(root: unknown, path: string, op: string): Place {
  const tokens = path.split("/");
  const missing = () => PatchError.unprocessable(`${op} operation does not apply: doc is missing path: "${path}": missing value`);
  if (tokens.length < 2) throw missing();
  let container = root;
  for (const token of tokens.slice(1, -1)) {
    if (Array.isArray(container)) container = container[existingIndex(container, unescapeToken(token), missing)];
    else if (isObject(container)) container = own(container, unescapeToken(token));
  }
  if (!Array.isArray(container) && !isObject(container)) throw missing();
  return { container, key: unescapeToken(tokens.at(-1) ?? "") };
}

/** `~1` first, as RFC 6901 asks: `~01` is `~1`. */
function unescapeToken(token: string): string {
  return token.includes("~") ? token.replaceAll("~1", "/").replaceAll("~0", "~") : token;
}

function read({ container, key }: Place, path: string): unknown {
  return Array.isArray(container) ? container[existingIndex(container, key, () => noSuchIndex(key, path))] : own(container, key);
}

function add({ container, key }: Place, value: unknown, path: string): void {
  if (!Array.isArray(container)) put(container, key, value);
  else if (key === "-") container.push(value);
  else
    container.splice(
      index(key, container.length + 1, () => noSuchIndex(key, path)),
      0,
      value,
    );
}

function replace({ container, key }: Place, value: unknown): void {
  if (!Array.isArray(container)) put(container, key, value);
  else container[existingIndex(container, key, () => noSuchIndex(key, key))] = value;
}

function remove({ container, key }: Place, path: string): void {
  if (Array.isArray(container)) {
    container.splice(
      existingIndex(container, key, () => noSuchIndex(key, path)),
      1,
    );
  } else if (Object.hasOwn(container, key)) delete container[key];
  else throw PatchError.unprocessable(`error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`);
}

function noSuchIndex(key: string, path: string): PatchError {
  return PatchError.unprocessable(`error for path: '${path}': Unable to access invalid index: ${key}: invalid index referenced`);
}

function existingIndex(container: readonly unknown[], key: string, otherwise: () => PatchError): number {
  return index(key, container.length, otherwise);
}

/** @param length How many indices there are; -1 is the last of them. */
function index(key: string, length: number, otherwise: () => PatchError): number {
  if (!/^[+-]?\d+$/.test(key)) throw otherwise();
  const position = Number(key) < 0 ? Number(key) + length : Number(key);
  if (position < 0 || position >= length) throw otherwise();
  return position;
}
