import {
  type CustomResourceDefinition,
  type DefinitionCondition,
  type DefinitionNames,
  definitionCondition,
} from "@outrigger/machinery/kinds";

export interface NamesVerdict {
  readonly accepted: DefinitionNames;
  readonly namesAccepted: Omit<DefinitionCondition, "lastTransitionTime">;
  readonly established: Omit<DefinitionCondition, "lastTransitionTime">;
}

/** Which of a definition's names are its own, beside the other definitions of its group (pkg/controller/status). */
export function judgeNames(definition: CustomResourceDefinition, all: readonly CustomResourceDefinition[]): NamesVerdict {
  const { group, names } = definition.spec;
  const others = all
    .filter((one) => one.spec.group === group && one.metadata.name !== definition.metadata.name)
    .map((one) => one.status?.acceptedNames);
  const resources = new Set(
    others.flatMap((one) => (one ? [one.plural, one.singular, ...(one.shortNames ?? [])] : [])).filter((name) => !!name),
  );
  const kindNames = new Set(others.flatMap((one) => (one ? [one.kind, one.listKind] : [])).filter((name) => !!name));
  const before: DefinitionNames = definition.status?.acceptedNames ?? { plural: "", kind: "" };
  const accepted: DefinitionNames = { ...before };
  let problem: { reason: string; message: string } | undefined;
  const take = <K extends keyof DefinitionNames>(field: K, taken: ReadonlySet<unknown>, reason: string): void => {
    const wanted = names[field];
    const list = Array.isArray(wanted) ? wanted : [wanted];
    const conflict = list.find((name) => name && taken.has(name));
    if (conflict) problem = { reason, message: `${JSON.stringify(conflict)} is already in use` };
    else if (wanted === undefined || (Array.isArray(wanted) && wanted.length === 0)) delete accepted[field];
    else accepted[field] = wanted;
  };
  take("plural", resources, "PluralConflict");
  take("singular", resources, "SingularConflict");
  take("shortNames", resources, "ShortNamesConflict");
  take("kind", kindNames, "KindConflict");
  take("listKind", kindNames, "ListKindConflict");
  if (problem === undefined && names.categories?.length) accepted.categories = names.categories;
  const was = definitionCondition(definition, "Established");
  if (problem) {
    const established =
      was?.status === "True" ? was : { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" };
    return {
      accepted,
      namesAccepted: { type: "NamesAccepted", status: "False", ...problem },
      established: established as Omit<DefinitionCondition, "lastTransitionTime">,
    };
  }
  return {
    accepted,
    namesAccepted: { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
    established: { type: "Established", status: "True", reason: "InitialNamesAccepted", message: "the initial names have been accepted" },
  };
}
