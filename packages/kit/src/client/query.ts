import type { ApplyOptions, ListOptions, LogOptions, WatchOptions, WriteOptions } from "./contract.ts";

type Value = string | number | boolean | undefined;

/** `?a=b&c=d` of what is set; "" when nothing is. */
export function query(values: Readonly<Record<string, Value>>): string {
  let text = "";
  for (const name in values) {
    const value = values[name];
    if (value === undefined || value === "") continue;
    text += `${text === "" ? "?" : "&"}${name}=${encodeURIComponent(value)}`;
  }
  return text;
}

/** `metav1.ListOptions` as query parameters. */
export function listQuery(options: ListOptions): string {
  return query({
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
  });
}

/** As `listQuery`, for a watch. Here an empty resource version means the same as none. */
export function watchQuery(options: WatchOptions): string {
  return query({
    watch: true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch ?? (options.sendInitialEvents ? "NotOlderThan" : undefined),
    timeoutSeconds: options.timeoutSeconds,
    allowWatchBookmarks: options.allowBookmarks || options.sendInitialEvents ? true : undefined,
    sendInitialEvents: options.sendInitialEvents,
  });
}

/** `metav1.CreateOptions`, `UpdateOptions` and `PatchOptions` as query parameters. */
export function writeQuery(options: ApplyOptions | WriteOptions, fieldManager: string | undefined): string {
  return query({
    dryRun: options.dryRun ? "All" : undefined,
    fieldManager: options.fieldManager ?? fieldManager,
    fieldValidation: options.fieldValidation,
    force: "force" in options ? options.force : undefined,
  });
}

/** `v1.PodLogOptions` as query parameters. */
export function logQuery({ signal: _, ...options }: LogOptions): string {
  return query(options as Readonly<Record<string, Value>>);
}
