import { answerReview, mutate, type ReviewContext } from "@outrigger/kit/webhook";
import { type Decision, decide, isPod, mutatePod } from "@outrigger/operator";
import { CliError } from "../errors.ts";
import { table } from "../table.ts";
import { readText } from "./files.ts";
import { isObject } from "./render.ts";
import { type RuleOptions, surroundings } from "./surroundings.ts";

export interface ReviewOptions extends RuleOptions {
  readonly explain?: boolean;
}

/**
 * `outrigger review FILE`: the manager's answer to an AdmissionReview about a pod, on standard output.
 *
 * @throws CliError for what is no AdmissionReview, with the words in which the manager's server would refuse it.
 */
export async function review(file: string, options: ReviewOptions): Promise<void> {
  const text = await readText(file);
  const namespace = options.namespace ?? namespaceOf(text);
  const { rules, namespaces } = await surroundings([], namespace === undefined ? options : { ...options, namespace });
  const now = new Date();
  const context: ReviewContext = { timeoutMs: undefined, signal: new AbortController().signal };
  let decision: Decision | undefined;
  const webhook = mutate("/mutate", (request) => {
    const name = request.namespace ?? namespaces.byDefault;
    const namespaceLabels = namespaces.labels(name);
    if (isPod(request.object))
      decision = decide(request.object, rules, {
        namespace: name,
        namespaceLabels,
        now: `${now.toISOString().slice(0, 19)}Z`,
        operation: request.operation,
        everyRule: true,
      });
    return mutatePod({ ...request, namespace: name }, rules, { namespaceLabels, now });
  });
  const answer = await answerReview(webhook, text, context);
  if (answer.status !== 200) throw new CliError(`${file}: ${(JSON.parse(answer.body) as { message: string }).message}`);
  if (options.explain)
    console.error(
      decision === undefined
        ? "this is no pod: it is allowed as it is"
        : table(
            ["RULE", "ACTION", "WHY"],
            decision.reasons.map(({ kind, rule, action, message }) => [`${kind}/${rule}`, action, message]),
          ),
    );
  process.stdout.write(`${JSON.stringify(JSON.parse(answer.body), null, 2)}\n`);
}

function namespaceOf(text: string): string | undefined {
  try {
    const { request } = JSON.parse(text) as { request?: unknown };
    return isObject(request) && typeof request["namespace"] === "string" ? request["namespace"] : undefined;
  } catch {
    return undefined;
  }
}
