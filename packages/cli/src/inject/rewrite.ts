import { isDeepStrictEqual } from "node:util";
import { isAlias, type Node, visit } from "yaml";
import { type Parsed, parsed } from "./documents.ts";
import { Editor } from "./editor.ts";
import { flow } from "./render.ts";
import { inOrder, type Splice, spliced } from "./splice.ts";

export interface Rewritten {
  readonly text: string;
  readonly splices: readonly Splice[];
}

/**
 * The document's text with another value, changed nowhere else.
 *
 * The result is parsed and compared with what it should be. Where an edit would also change what aliases of an anchor stand
 * for, the aliases are written out.
 *
 * @param comment a line to write behind the document, without its `#`.
 * @throws Error when no such text is found.
 */
export function rewritten(text: string, { document, value }: Parsed, target: unknown, comment?: (plain: Rewritten) => string): Rewritten {
  const root = document.contents as Node | null;
  for (const withoutAliases of [false, true]) {
    const editor = new Editor(text);
    editor.change(root, value, target);
    const splices = withoutAliases ? withAliasesWrittenOut(document, editor.splices) : editor.splices;
    let result: Rewritten;
    try {
      result = checked(text, inOrder(splices), target);
    } catch (error) {
      if (withoutAliases) throw error;
      continue;
    }
    if (comment === undefined || root === null) return result;
    const more = new Editor(text);
    const endsInBlockScalar = more.line(root, comment(result));
    const all = inOrder([...splices, ...more.splices]);
    // A comment in a line of its own changes nothing, but where it could become a part of a text.
    return endsInBlockScalar ? checked(text, all, target) : { text: spliced(text, all), splices: all };
  }
  throw new Error("unreachable");
}

function checked(text: string, splices: readonly Splice[], target: unknown): Rewritten {
  const result = spliced(text, splices);
  let value: unknown;
  try {
    ({ value } = parsed(result));
  } catch (error) {
    throw new Error("the text cannot be changed in place", { cause: error });
  }
  if (!isDeepStrictEqual(value, target)) throw new Error("the text cannot be changed in place without changing other parts of it");
  return { text: result, splices };
}

function withAliasesWrittenOut(document: Parsed["document"], splices: readonly Splice[]): Splice[] {
  const more: Splice[] = [];
  visit(document, {
    Alias(_, node) {
      const [at, end] = node.range!;
      const isGone = splices.some((splice) => splice.at <= at && splice.at + splice.remove >= end);
      if (isGone || !isAlias(node)) return;
      more.push({ at, remove: end - at, insert: flow(node.toJS(document)) });
    },
  });
  return [...more, ...splices];
}
