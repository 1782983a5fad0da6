// The recorded rules once more, by a server: one outcome for each rule and part of its answer.
import { readFileSync } from "node:fs";
import { connect } from "@outrigger/kit/client";
import type { Outcome } from "../outcome.ts";
import { type CelAnswer, type CelGroup, playCel } from "./play.ts";

const PARTS = ["definition", "cost", "values"] as const;

export async function replayCel(kubeconfig: string): Promise<Outcome[]> {
  const groups = read<CelGroup[]>("cases.json");
  const want = read<CelAnswer[][]>("answers.json");
  const client = connect({ text: kubeconfig });
  try {
    const got = await playCel(client, groups);
    return groups.flatMap(({ rules }, group) =>
      rules.flatMap((rule, index) =>
        PARTS.map((part, step): Outcome => {
          const [wanted, given] = [masked(want[group]![index]![part]), masked(got[group]![index]![part])];
          return {
            file: "cel",
            scenario: `group ${group}`,
            step: index * PARTS.length + step,
            title: `${part} of ${JSON.stringify(rule)}`,
            differences: wanted === given ? [] : [`want ${wanted}`, `got  ${given}`],
          };
        }),
      ),
    );
  } finally {
    await client.close();
  }
}

/**
 * Texts that come from Go's own packages or from the parser that cel-go generates need not be alike word for word, nor
 * the random name of a rule's type.
 */
function masked(value: unknown): string {
  return JSON.stringify(value)
    .replace(/selfType\d+/g, "selfType")
    .replace(/(Syntax error:)(?:(?!","|"\]).)*/g, "$1")
    .replace(/(parse error during conversion from string).*?( evaluating rule)/g, "$1$2")
    .replace(
      /(?:No Major\.Minor\.Patch elements found|Invalid character\(s\) found|Version string empty)[^"]*?(\\"[^"]*\\")?( evaluating rule)/g,
      "no version$2",
    );
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as T;
}
