import type { Estimate, Part } from "./cost.ts";
import { add, type Size, scaled, times, UNKNOWN_SIZE } from "./size.ts";
import { sameType } from "./types.ts";

/** A tenth for each byte or letter that is gone through; a quarter for each letter of a regular expression. */
const TRAVERSAL = 0.1;
const REGEX = 0.25;
const LIST_COST = 10;
/** The longest regular expression behind a named format, and the longest name of one. */
const FORMAT_REGEX = 128;
const FORMAT_NAME = 64;

export interface CallEstimate {
  readonly cost: Size;
  /** Of the result, where the arguments bound it. */
  readonly size?: Size;
}

const fixed = (cost: number): Size => ({ min: cost, max: cost });
const ONE = fixed(1);
const traversed = (size: Size): Size => scaled(size, TRAVERSAL);

interface Call {
  readonly estimate: Estimate;
  readonly id: string;
  readonly target: Part | undefined;
  readonly args: readonly Part[];
}

/**
 * What one overload of a function costs beside its arguments; `undefined` where that is one. After the estimates of
 * cel-go and of `k8s.io/apiserver/pkg/cel/library`, which go by the function's name, wherever it comes from.
 */
export function callCost(
  estimate: Estimate,
  name: string,
  id: string,
  target: Part | undefined,
  args: readonly Part[],
): CallEstimate | undefined {
  const call: Call = { estimate, id, target, args };
  const byId = OVERLOADS[id] ?? (/^list_\w+_sort(By)?$/.test(id) ? sort : undefined);
  return byId?.(call) ?? FUNCTIONS[name]?.(call);
}

type Cost = (call: Call) => CallEstimate | undefined;

const flat =
  (cost: number): Cost =>
  () => ({ cost: fixed(cost) });

const parsing: Cost = ({ args: [text] }) => text && { cost: traversed(text.size) };

const sameLength: Cost = ({ target }) => target && { cost: traversed(target.size), size: target.size };

const comparing: Cost = ({ args: [left, right] }) => {
  if (!left || !right) return undefined;
  const max = Math.min(left.size.max, right.size.max);
  return { cost: traversed({ min: max > 0 ? 1 : 0, max }) };
};

const LIBRARY_EQUALITY: Readonly<Record<string, Size>> = {
  "net.IP": ONE,
  "net.CIDR": ONE,
  "kubernetes.Quantity": ONE,
  "kubernetes.Semver": ONE,
  "kubernetes.NamedFormat": traversed({ min: 1, max: FORMAT_NAME }),
};

const equality: Cost = (call) => {
  const [left, right] = call.args as [Part, Part];
  if (!sameType(left.type, right.type)) return comparing(call);
  if (left.type.name === "kubernetes.URL") return { cost: traversed({ min: 1, max: right.size.max }) };
  const known = LIBRARY_EQUALITY[left.type.name] ?? (left.type.name.startsWith("kubernetes.authorization.") ? ONE : undefined);
  return known ? { cost: known } : comparing(call);
};

const joinedTexts: Cost = ({ args }) => {
  const size = add(args[0]!.size, args[1]!.size);
  return { cost: traversed(size), size };
};

const inList: Cost = ({ args }) => ({ cost: args[1]!.size });

const overLists: Cost = ({ estimate, target }) => {
  if (!target) return undefined;
  const [item] = target.type.params;
  // What is no list is a text, which has indexOf and lastIndexOf too.
  if (!item) return { cost: traversed(target.size) };
  const texts = item.kind === "string" || item.kind === "bytes";
  const size = itemSize(estimate, target);
  return { cost: times(target.size, texts ? add(ONE, traversed(size)) : ONE) };
};

function itemSize(estimate: Estimate, list: Part): Size {
  return (list.path.length > 0 ? estimate.sizeAt([...list.path, "@items"]) : undefined) ?? UNKNOWN_SIZE;
}

const replace: Cost = ({ target, args: [from, to] }) => {
  if (!target || !from || !to) return undefined;
  let [countMax, keptMax, countMin, keptMin] = [0, 0, 0, 0];
  if (from.size.min === 0) [countMax, keptMax] = [target.size.max + 1, target.size.max];
  else if (to.size.max <= from.size.min) keptMax = target.size.max;
  else countMax = Math.ceil(target.size.max / from.size.min);
  if (from.size.max === 0) [countMin, keptMin] = [target.size.min + 1, target.size.min];
  else if (from.size.max <= to.size.min) keptMin = target.size.min;
  else countMin = Math.ceil(target.size.min / from.size.max);
  const size = add(times({ min: countMin, max: countMax }, to.size), { min: keptMin, max: keptMax });
  return { cost: scaled(target.size, 2 * TRAVERSAL), size };
};

const split: Cost = ({ target, args }) => {
  if (!target) return undefined;
  const most = args[1]?.expr.kind === "literal" && typeof args[1].expr.value === "bigint" ? Number(args[1].expr.value) : target.size.max;
  return { cost: scaled(target.size, 2 * TRAVERSAL), size: { min: 0, max: most } };
};

const join: Cost = ({ estimate, target, args: [separator] }) => {
  if (!target) return undefined;
  let size: Size = times(target.size, itemSize(estimate, target));
  const between = { min: Math.max(0, target.size.min - 1), max: Math.max(0, target.size.max - 1) };
  if (separator) size = add(size, times(separator.size, between));
  return { cost: traversed(size), size };
};

const matching: Cost = ({ target, args: [pattern] }) =>
  target && pattern && { cost: times(traversed(add(target.size, ONE)), scaled(pattern.size, REGEX)) };

const finding: Cost = (call) => {
  const estimate = matching(call);
  return estimate && { ...estimate, size: { min: 0, max: call.target!.size.max } };
};

/** Addresses have 4 or 16 bytes, which are gone through twice. */
const ADDRESS: Size = { min: 4, max: 16 };
const addressCost = traversed(add(ADDRESS, ADDRESS));
const containing =
  (byText: string, more: Size): Cost =>
  ({ id, args: [other] }) => ({
    cost: add(addressCost, more, id === byText && other ? traversed(other.size) : fixed(0)),
  });

const selector: Cost = ({ args: [text] }) =>
  text && { cost: add(fixed(LIST_COST), traversed(text.size), scaled(scaled(text.size, 0.5), LIST_COST + 40)) };

function allocating(factor: number, size: Size): CallEstimate {
  return { cost: add(scaled(size, factor), fixed(1 + LIST_COST)), size };
}

function literalInt(part: Part | undefined, otherwise: number): number {
  const value = part?.expr.kind === "literal" ? part.expr.value : undefined;
  return typeof value === "bigint" ? Math.max(0, Number(value)) : otherwise;
}

const sort: Cost = ({ id, target, args }) => {
  const sorted = args[0] ?? target;
  if (!sorted) return undefined;
  return allocating(/_(string|bytes)_/.test(id) ? 2 + TRAVERSAL : 2, times(sorted.size, sorted.size));
};

function overPairs(factor: number): Cost {
  return ({ args: [a, b] }) => a && b && { cost: add(scaled(times(a.size, b.size), factor), ONE) };
}

const OVERLOADS: Readonly<Record<string, Cost>> = {
  add_string: joinedTexts,
  add_bytes: joinedTexts,
  add_list: ({ args }) => ({ cost: ONE, size: add(args[0]!.size, args[1]!.size) }),
  starts_with_string: parsing,
  ends_with_string: parsing,
  contains_string: ({ target, args: [part] }) => target && part && { cost: times(traversed(target.size), traversed(part.size)) },
  in_list: inList,
  matches_string: matching,
  less_string: comparing,
  less_bytes: comparing,
  less_equals_string: comparing,
  less_equals_bytes: comparing,
  greater_string: comparing,
  greater_bytes: comparing,
  greater_equals_string: comparing,
  greater_equals_bytes: comparing,
  equals: equality,
  not_equals: comparing,
  string_format: ({ target }) => target && { cost: traversed(target.size) },
  string_to_bytes: ({ args: [text] }) => text && { cost: traversed(text.size), size: { min: text.size.min, max: text.size.max * 4 } },
  bytes_to_string: ({ args: [bytes] }) =>
    bytes && { cost: traversed(bytes.size), size: { min: Math.floor(bytes.size.min / 4), max: bytes.size.max } },
  strings_quote: ({ args: [text] }) => text && { cost: traversed(text.size), size: { min: text.size.min + 2, max: text.size.max * 2 + 2 } },
  list_slice: ({ target, args: [start, end] }) => {
    const size = literalInt(end, target!.size.max) - literalInt(start, 0);
    return allocating(1, fixed(size < 0 ? Number.POSITIVE_INFINITY : size));
  },
  list_flatten: ({ target }) => allocating(1, target!.size),
  list_flatten_int: ({ target, args: [depth] }) => allocating(literalInt(depth, Number.POSITIVE_INFINITY), target!.size),
  lists_range: ({ args: [size] }) => allocating(1, fixed(literalInt(size, Number.POSITIVE_INFINITY))),
  list_reverse: ({ target }) => allocating(1, target!.size),
  list_sets_contains_list: overPairs(1),
  list_sets_intersects_list: overPairs(1),
  // Each list is looked for in the other.
  list_sets_equivalent_list: overPairs(2),
  list_distinct: ({ target }) => allocating(2, times(target!.size, target!.size)),
};

const FUNCTIONS: Readonly<Record<string, Cost>> = {
  // Two checks are as much as one expression may cost.
  check: flat(350_000),
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: overLists,
  sum: overLists,
  max: overLists,
  min: overLists,
  indexOf: overLists,
  lastIndexOf: overLists,
  url: ({ args: [text] }) => text && { cost: traversed(text.size), size: text.size },
  lowerAscii: sameLength,
  upperAscii: sameLength,
  substring: sameLength,
  trim: sameLength,
  replace,
  split,
  join,
  find: finding,
  findAll: finding,
  cidr: parsing,
  isIP: parsing,
  isCIDR: parsing,
  ip: (call) => (call.id === "cidr_ip" ? { cost: ONE } : parsing(call)),
  "ip.isCanonical": ({ args: [text] }) => text && { cost: scaled(text.size, 2 * TRAVERSAL) },
  containsIP: containing("cidr_contains_ip_string", fixed(0)),
  containsCIDR: containing("cidr_contains_cidr_string", add(traversed(ADDRESS), ONE)),
  quantity: parsing,
  isQuantity: parsing,
  semver: parsing,
  isSemver: parsing,
  validate: ({ args: [text] }) => text && { cost: scaled(traversed(text.size), FORMAT_REGEX * REGEX) },
};
