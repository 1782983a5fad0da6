/**
 * Configuration of a program from one interface, whatever it comes from: files (a mounted ConfigMap), the environment, memory, or a
 * source of one's own.
 *
 * Guarantees
 * - The value fits its schema: defaults are filled in, unknown fields are refused, CEL rules hold. It is frozen.
 * - Later sources win over earlier ones, field by field; lists are taken whole.
 * - A change that does not fit never replaces a value that does. It is reported once, with file, line and column.
 * - `onChange` is called in the order of the changes, and only where the value differs; the last content of a file is always seen.
 * - A mounted ConfigMap is followed across its swaps (`..data`): the folder is watched, read 100 ms after the first event, and read
 *   again every 10 s in case that the watch misses something.
 *
 * Caveats
 * - A file that is mounted with `subPath` never changes: the kubelet does not update it. Such mounts are reported.
 * - The kubelet itself takes up to a minute or two to bring a changed ConfigMap into a pod.
 */
export { type Configuration, type ConfigurationOptions, configuration } from "./configuration.ts";
export { environment } from "./environment.ts";
export { ConfigurationError, type ConfigurationProblem } from "./error.ts";
export { type FileOptions, file, mounted } from "./file.ts";
export { type MemorySource, memory } from "./memory.ts";
export { mountProblems } from "./mounts.ts";
export { type ConfigurationMount, configurationVariable, withConfiguration } from "./pod-template.ts";
export type { ConfigurationSource, Place, Reading } from "./source.ts";
