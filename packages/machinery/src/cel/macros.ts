import { ACCUMULATOR, type CallExpr, type Comprehension, type Expr, type Literal, UNUSED } from "./syntax.ts";

/** What a macro builds its expansion with; each node gets a number of its own. */
export interface MacroFactory {
  literal(value: Literal, offset: number): Expr;
  ident(name: string, offset: number): Expr;
  list(elements: readonly Expr[], offset: number): Expr;
  map(offset: number): Expr;
  call(fn: string, args: readonly Expr[], offset: number, target?: Expr): CallExpr;
  /** `has(operand.field)` */
  test(operand: Expr, field: string, offset: number): Expr;
  comprehension(parts: Omit<Comprehension, "id" | "kind">): Expr;
  /** The same expression again, with numbers of its own. */
  copy(expr: Expr): Expr;
  /** Reports a fault, and stands for the expansion that there is not. */
  fault(offset: number, message: string): Expr;
}

type Macro = (build: MacroFactory, target: Expr, args: readonly Expr[], offset: number) => Expr;

/**
 * What a call of a macro expands to; `undefined` where the call is none. The expansions are cel-go's, since the API
 * server's cost estimates are those of the expansions.
 */
export function expandMacro(
  build: MacroFactory,
  name: string,
  target: Expr | undefined,
  args: readonly Expr[],
  offset: number,
): Expr | undefined {
  if (target === undefined) return name === "has" && args.length === 1 ? has(build, args[0]!, offset) : undefined;
  const macro = MACROS[`${name}/${args.length}`];
  return macro?.(build, target, args, offset);
}

function has(build: MacroFactory, arg: Expr, offset: number): Expr {
  if (arg.kind !== "select" || arg.test) return build.fault(arg.offset, "invalid argument to has() macro");
  return build.test(arg.operand, arg.field, offset);
}

/** The parts of a loop that differ from macro to macro. */
interface Loop {
  readonly init: Expr;
  readonly condition?: Expr;
  readonly step: Expr;
  readonly result?: Expr;
}

/** A macro over one or two variables, whose names are its first arguments. */
function loop(variables: 1 | 2, parts: (build: MacroFactory, rest: readonly Expr[], names: string[], offset: number) => Loop): Macro {
  return (build, target, args, offset) => {
    const names: string[] = [];
    for (const arg of args.slice(0, variables)) {
      if (arg.kind !== "ident") return build.fault(arg.offset, "argument must be a simple name");
      if (arg.name === names[0]) return build.fault(arg.offset, `duplicate variable name: ${arg.name}`);
      names.push(arg.name);
    }
    const {
      init,
      condition = build.literal(true, offset),
      step,
      result = accu(build, offset),
    } = parts(build, args.slice(variables), names, offset);
    return build.comprehension({
      offset,
      range: target,
      variable: names[0]!,
      ...(names[1] !== undefined && { second: names[1] }),
      accumulator: ACCUMULATOR,
      init,
      condition,
      step,
      result,
    });
  };
}

const accu = (build: MacroFactory, offset: number): Expr => build.ident(ACCUMULATOR, offset);

const all = (variables: 1 | 2): Macro =>
  loop(variables, (build, [predicate], _, offset) => ({
    init: build.literal(true, offset),
    condition: build.call("@not_strictly_false", [accu(build, offset)], offset),
    step: build.call("_&&_", [accu(build, offset), predicate!], offset),
  }));

const exists = (variables: 1 | 2): Macro =>
  loop(variables, (build, [predicate], _, offset) => ({
    init: build.literal(false, offset),
    condition: build.call("@not_strictly_false", [build.call("!_", [accu(build, offset)], offset)], offset),
    step: build.call("_||_", [accu(build, offset), predicate!], offset),
  }));

const existsOne = (variables: 1 | 2): Macro =>
  loop(variables, (build, [predicate], _, offset) => ({
    init: build.literal(0n, offset),
    step: build.call(
      "_?_:_",
      [predicate!, build.call("_+_", [accu(build, offset), build.literal(1n, offset)], offset), accu(build, offset)],
      offset,
    ),
    result: build.call("_==_", [accu(build, offset), build.literal(1n, offset)], offset),
  }));

/** Adds what `added` makes to the accumulator, where the filter holds. */
function filtered(build: MacroFactory, filter: Expr | undefined, added: Expr, offset: number): Expr {
  return filter ? build.call("_?_:_", [filter, added, accu(build, offset)], offset) : added;
}

const toList = (variables: 1 | 2): Macro =>
  loop(variables, (build, rest, _, offset) => {
    const transform = rest.at(-1)!;
    const added = build.call("_+_", [accu(build, offset), build.list([transform], offset)], offset);
    return { init: build.list([], offset), step: filtered(build, rest.length === 2 ? rest[0] : undefined, added, offset) };
  });

const filter: Macro = loop(1, (build, [predicate], [name], offset) => ({
  init: build.list([], offset),
  step: filtered(
    build,
    predicate,
    build.call("_+_", [accu(build, offset), build.list([build.ident(name!, offset)], offset)], offset),
    offset,
  ),
}));

const transformMap: Macro = loop(2, (build, rest, [key], offset) => ({
  init: build.map(offset),
  step: filtered(
    build,
    rest.length === 2 ? rest[0] : undefined,
    build.call("cel.@mapInsert", [accu(build, offset), build.ident(key!, offset), rest.at(-1)!], offset),
    offset,
  ),
}));

const transformMapEntry: Macro = loop(2, (build, rest, _, offset) => ({
  init: build.map(offset),
  step: filtered(
    build,
    rest.length === 2 ? rest[0] : undefined,
    build.call("cel.@mapInsert", [accu(build, offset), rest.at(-1)!], offset),
    offset,
  ),
}));

/** `value` under a name in `result`: a loop that runs zero times. */
function bound(build: MacroFactory, name: string, value: Expr, result: Expr, offset: number): Expr {
  return build.comprehension({
    offset,
    range: build.list([], offset),
    variable: UNUSED,
    accumulator: name,
    init: value,
    condition: build.literal(false, offset),
    step: build.ident(name, offset),
    result,
  });
}

function onOptional(macro: string, wrap: (build: MacroFactory, value: Expr, offset: number) => Expr): Macro {
  return (build, target, [name, result], offset) => {
    if (name!.kind !== "ident") return build.fault(name!.offset, `${macro}() variable name must be a simple identifier`);
    const value = build.call("value", [], offset, build.copy(target));
    return build.call(
      "_?_:_",
      [
        build.call("hasValue", [], offset, target),
        wrap(build, bound(build, name!.name, value, result!, offset), offset),
        build.call("optional.none", [], offset),
      ],
      offset,
    );
  };
}

const SORT_INPUT = "@__sortBy_input__";
const sortBy: Macro = (build, target, args, offset) => {
  if (["literal", "map", "struct"].includes(target.kind))
    return build.fault(target.offset, "sortBy can only be applied to a list, identifier, comprehension, call or select expression");
  const keys = MACROS["map/2"]!(build, build.ident(SORT_INPUT, offset), args, offset);
  const sorted = build.call("@sortByAssociatedKeys", [keys], offset, build.ident(SORT_INPUT, offset));
  return bound(build, SORT_INPUT, target, sorted, offset);
};

const MACROS: Readonly<Record<string, Macro>> = {
  "all/2": all(1),
  "exists/2": exists(1),
  "exists_one/2": existsOne(1),
  "map/2": toList(1),
  "map/3": toList(1),
  "filter/2": filter,
  "all/3": all(2),
  "exists/3": exists(2),
  "exists_one/3": existsOne(2),
  "existsOne/3": existsOne(2),
  "transformList/3": toList(2),
  "transformList/4": toList(2),
  "transformMap/3": transformMap,
  "transformMap/4": transformMap,
  "transformMapEntry/3": transformMapEntry,
  "transformMapEntry/4": transformMapEntry,
  "optMap/2": onOptional("optMap", (build, value, offset) => build.call("optional.of", [value], offset)),
  "optFlatMap/2": onOptional("optFlatMap", (_, value) => value),
  "sortBy/2": sortBy,
};
