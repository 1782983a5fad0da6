import type { Feature } from "./feature.ts";

/** A feature was named that there is not. */
export class UnknownFeatureError extends RangeError {
  override readonly name = "UnknownFeatureError";
  readonly code = "ERR_UNKNOWN_FEATURE";
}

/**
 * The features that are on, and those that are off.
 *
 * @param asked names of optional features to turn on; `all` names all of them. To name one that is always on is no error.
 * @throws UnknownFeatureError for a name that no feature has.
 */
export function chooseFeatures(
  features: readonly Feature[],
  asked: readonly string[],
): { readonly on: Feature[]; readonly off: Feature[] } {
  const unknown = asked.find((name) => name !== "all" && !features.some((feature) => feature.name === name));
  if (unknown !== undefined) {
    const optional = features.filter((feature) => feature.optional).map(({ name }) => name);
    throw new UnknownFeatureError(
      `there is no feature ${JSON.stringify(unknown)}: ${optional.length === 0 ? "none can be turned on" : `write one of ${["all", ...optional].join(", ")}`}`,
    );
  }
  const isOn = ({ name, optional }: Feature): boolean => !optional || asked.includes("all") || asked.includes(name);
  return { on: features.filter(isOn), off: features.filter((feature) => !isOn(feature)) };
}
