import { isDeepStrictEqual } from "node:util";
import { isAlias, type Node, visit } from "yaml";
import { contentOf, type Parsed } from "./documents.ts";
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
export function rewritten(text: string, before: Parsed, target: unknown, comment?: (plain: Rewritten) => string): Rewritten {
  const { document } = before;
  const root = document.contents as Node | null;
  const read = before.isJson === true ? (result: string): unknown => JSON.parse(result) : contentOf;
  for (const withoutAliases of [false, true]) {
    const plain = edits(text, before, target);
    const splices = withoutAliases ? withAliasesWrittenOut(document, plain) : plain;
    let result: Rewritten;
    try {
      result = checked(text, inOrder(splices), target, read);
    } catch (error) {
      if (withoutAliases) throw error;
      continue;
    }
    if (comment === undefined || root === null) return result;
    const more = new Editor(text);
    const endsInBlockScalar = more.line(root, comment(result));
    const all = inOrder([...splices, ...more.splices]);
    // A comment in a line of its own changes nothing, but where it could become a part of a text.
    return endsInBlockScalar ? checked(text, all, target, read) : { text: spliced(text, all), splices: all };
  }
  throw new Error("unreachable");
}

/** What gives the document another value, as far as nothing of it stands behind an alias: not checked. */
export function edits(text: string, { document, value }: Parsed, target: unknown): readonly Splice[] {
  const editor = new Editor(text);
  editor.change(document.contents as Node | null, value, target);
  return editor.splices;
}

function checked(text: string, splices: readonly Splice[], target: unknown, read: (text: string) => unknown): Rewritten {
  const result = spliced(text, splices);
  let value: unknown;
  try {
    value = read(result);
  } catch (error) {
    throw new Error("the text cannot be changed in place", { cause: error });
  }
  if (!isDeepStrictEqual(value, target)) throw new Error("the text cannot be changed in place without changing other parts of it");
  return { text: result, splices };
}

function withAliasesWrittenOut(document: Parsed["document"], splices: readonly Splice[]): Splice[] {
  const more: Splice[] = [];
  const gone = splices.filter(({ remove }) => remove > 0);
  visit(document, {
    Alias(_, node) {
      const [at, end] = node.range!;
      const isGone = gone.some((splice) => splice.at <= at && splice.at + splice.remove >= end);
      if (isGone || !isAlias(node)) return;
      more.push({ at, remove: end - at, insert: flow(node.toJS(document)) });
    },
  });
  return [...more, ...splices];
}
