// When are two answers alike? The same status and body, and of the headers content-type and warning, after these
// allowances: managedFields count only where applying is recorded; a list's own resourceVersion is any; <rv-n> tokens
// are renumbered scenario by scenario without those; a version inside a longer text (an object quoted in a message) is any.

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, unknown>;
  readonly body?: unknown;
  readonly events?: readonly unknown[];
  readonly [field: string]: unknown;
}

/** Brings the answers of one scenario, in order, into the form that is compared. */
export function normalize(answers: readonly (Answer | undefined)[], keepManagedFields: boolean): unknown[] {
  const versions = new Map<string, string>();
  const renumber = (text: string): string =>
    text.replace(/<rv-\d+>/g, (masked) => {
      if (!versions.has(masked)) versions.set(masked, `<rv-${versions.size + 1}>`);
      return versions.get(masked)!;
    });
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return renumber(value.replace(/(resourceVersion\W+)\d+/g, "$1<rv>"));
    if (Array.isArray(value)) return value.map(walk);
    if (value === null || typeof value !== "object") return value;
    const isList = "kind" in value && typeof value.kind === "string" && /List$|^Table$/.test(value.kind);
    const result: Record<string, unknown> = {};
    for (const [field, inner] of Object.entries(value)) {
      if (field === "managedFields" && !keepManagedFields) continue;
      const anyVersion = isList && field === "metadata" && (inner as { resourceVersion?: string })?.resourceVersion;
      result[field] = walk(anyVersion ? { ...(inner as object), resourceVersion: "<any>" } : inner);
    }
    return result;
  };
  return answers.map((answer) => {
    if (!answer) return undefined;
    const headers = answer.headers && { "content-type": answer.headers["content-type"], warning: answer.headers["warning"] };
    return walk({ ...answer, ...(headers ? { headers } : {}) });
  });
}

/** Where two values differ: one line per place, empty when they are alike. Order of keys does not matter. */
export function differences(want: unknown, got: unknown, path = ""): string[] {
  if (canonical(want) === canonical(got)) return [];
  if (want && got && typeof want === "object" && typeof got === "object") {
    const fields = new Set([...Object.keys(want), ...Object.keys(got)]);
    return [...fields].flatMap((field) =>
      differences((want as Record<string, unknown>)[field], (got as Record<string, unknown>)[field], `${path}/${field}`),
    );
  }
  const show = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 240);
  return [`${path}: want ${show(want)}, got ${show(got)}`];
}

function canonical(value: unknown): string {
  return JSON.stringify(sorted(value)) ?? "";
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted((value as Record<string, unknown>)[key])]),
  );
}
