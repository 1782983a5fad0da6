import type { ContainerDefaults } from "../pod/index.ts";

/** The part of a LimitRange that is read here. */
interface LimitRange {
  readonly spec?: {
    readonly limits?: readonly {
      readonly type?: string;
      readonly default?: Readonly<Record<string, string>>;
      readonly defaultRequest?: Readonly<Record<string, string>>;
    }[];
  };
}

/**
 * What the LimitRanges of a namespace give to containers that say nothing themselves, as the API server's plugin LimitRanger
 * does (plugin/pkg/admission/limitranger). Nothing where there are none.
 */
export function containerDefaults(ranges: readonly object[]): ContainerDefaults | undefined {
  if (ranges.length === 0) return undefined;
  const limits: Record<string, string> = {};
  const requests: Record<string, string> = {};
  for (const { spec } of ranges as readonly LimitRange[]) {
    for (const { type, default: byDefault, defaultRequest } of spec?.limits ?? []) {
      if (type !== "Container") continue;
      for (const [resource, amount] of Object.entries(byDefault ?? {})) limits[resource] ??= amount;
      for (const [resource, amount] of Object.entries(defaultRequest ?? {})) requests[resource] ??= amount;
    }
  }
  return { limits, requests };
}
