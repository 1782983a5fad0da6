// Puts CEL rules to an API server: which are taken, with which words the others are refused, what they cost, and what
// those that are taken say of values.
import type { Client } from "@outrigger/kit/client";
import { InvalidError, StatusError } from "@outrigger/kit/client";
import { CustomResourceDefinition } from "@outrigger/kit/kinds";
import { defineResource, type SchemaNode, t, type ValidationRule } from "@outrigger/kit/schema";
import { eventually } from "@outrigger/testing";

export interface CelGroup {
  readonly schema: SchemaNode;
  readonly rules: readonly ValidationRule[];
  readonly values: readonly unknown[];
  readonly updates?: readonly (readonly [before: unknown, after: unknown])[];
}

/** What is wrong, as the API server says it: reason and message, without the place. */
export type Causes = readonly string[];

export interface CelAnswer {
  /** When the definition was made; none where it was taken. */
  readonly definition: Causes;
  /** The same with the value in a list without bounds, which tells the cost where that is over budget. */
  readonly cost: Causes;
  /** For each value, when an object with it was made; then for each update. */
  readonly values: readonly Causes[];
}

/** So many rules stand in one definition: more would cost more than one may. */
const AT_ONCE = 20;
const GROUP = "cel.outrigger.dev";

/** The answers, a list for each group. */
export async function playCel(client: Client, groups: readonly CelGroup[]): Promise<CelAnswer[][]> {
  let definitions = 0;
  const answers: CelAnswer[][] = [];
  for (const group of groups) {
    const definition = await all(group.rules, (rules) => tried(client, rules, (rule) => ruled(group.schema, rule)));
    const cost = await all(group.rules, (rules) => tried(client, rules, (rule) => ({ type: "array", items: ruled(group.schema, rule) })));
    const taken = group.rules.filter((_, index) => definition[index]!.length === 0);
    const values: Causes[][] = [];
    for (let at = 0; at < taken.length; at += AT_ONCE)
      values.push(...(await judged(client, group, taken.slice(at, at + AT_ONCE), `Kind${definitions++}`)));
    answers.push(
      group.rules.map((rule, index) => ({ definition: definition[index]!, cost: cost[index]!, values: values[taken.indexOf(rule)] ?? [] })),
    );
  }
  return answers;
}

const ruled = (schema: SchemaNode, rule: ValidationRule): SchemaNode => ({ ...schema, "x-kubernetes-validations": [rule] });

async function all<T, R>(items: readonly T[], play: (some: readonly T[]) => Promise<R[]>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) results.push(...(await play(items.slice(at, at + AT_ONCE))));
  return results;
}

/** Each rule at a property of its own. */
function definitionOf(kind: string, schemas: readonly SchemaNode[]): object {
  const properties = Object.fromEntries(schemas.map((schema, index) => [`p${index}`, schema]));
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Cluster",
      names: { kind, plural },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } } },
        },
      ],
    },
  };
}

async function tried(client: Client, rules: readonly ValidationRule[], schema: (rule: ValidationRule) => SchemaNode): Promise<Causes[]> {
  const found = rules.map((): string[] => []);
  const causes = await causesOf(() =>
    client.create(CustomResourceDefinition, definitionOf("Tried", rules.map(schema)) as never, { dryRun: true }),
  );
  for (const { place, text } of causes) {
    const [, index] = /properties\[spec\]\.properties\[p(\d+)\]/.exec(place) ?? [];
    // What is said of the whole definition is about how many rules stand in it.
    if (index !== undefined && !/contributed to estimated/.test(text)) found[Number(index)]!.push(text);
  }
  return found;
}

async function judged(
  client: Client,
  { schema, values, updates = [] }: CelGroup,
  rules: readonly ValidationRule[],
  kind: string,
): Promise<Causes[][]> {
  const definition = definitionOf(
    kind,
    rules.map((rule) => ruled(schema, rule)),
  );
  await client.create(CustomResourceDefinition, definition as never);
  const resource = defineResource({ group: GROUP, version: "v1", kind, scope: "Cluster", spec: t.Unknown() as never });
  const results = rules.map((): Causes[] => []);
  const object = (value: unknown, name: string, kept: (index: number) => boolean = () => true): object => ({
    apiVersion: `${GROUP}/v1`,
    kind,
    metadata: { name },
    spec: Object.fromEntries(rules.flatMap((_, index) => (kept(index) ? [[`p${index}`, value]] : []))),
  });
  const record = (causes: readonly Cause[]): void => {
    for (const [index, found] of refusals(rules.length, causes).entries()) results[index]!.push(found);
  };
  // Served a moment after it is made.
  await eventually(async () => (await client.list(resource as never)) !== undefined);
  for (const value of values)
    record(await causesOf(() => client.create(resource as never, object(value, "made") as never, { dryRun: true })));
  for (const [before, after] of updates) {
    // Rules that refuse the value before are asked nothing about the update.
    const refused = refusals(
      rules.length,
      await causesOf(() => client.create(resource as never, object(before, "updated") as never, { dryRun: true })),
    );
    const kept = (index: number): boolean => refused[index]!.length === 0;
    await client.create(resource as never, object(before, "updated", kept) as never);
    record(await causesOf(() => client.apply(resource as never, object(after, "updated", kept) as never, { dryRun: true, force: true })));
    await client.delete(resource as never, { name: "updated" });
  }
  await client.delete(CustomResourceDefinition, { name: (definition as { metadata: { name: string } }).metadata.name });
  return results;
}

/** What is said of each rule's property. */
function refusals(rules: number, causes: readonly Cause[]): Causes[] {
  return Array.from({ length: rules }, (_, index) => {
    const own = new RegExp(`^spec\\.p${index}(?!\\d)`);
    return causes.filter(({ place }) => own.test(place)).map(({ place, text }) => `${place.replace(own, "")} ${text}`);
  });
}

interface Cause {
  readonly place: string;
  readonly text: string;
}

async function causesOf(call: () => Promise<unknown>): Promise<Cause[]> {
  try {
    await call();
    return [];
  } catch (error) {
    if (error instanceof InvalidError)
      return error.causes.map(({ field = "", message, reason }) => ({ place: field, text: `${reason}: ${message}` }));
    if (error instanceof StatusError) throw new Error(`not an answer about rules: ${error.message}`, { cause: error });
    throw error;
  }
}
