import type { Flags } from "./flags.ts";
import { MANAGER_FLAGS } from "./manager-flags.ts";

/** The options of the reader of the archive, which `outrigger logs` calls in the manager's pod. */
export const LOGS_FLAGS = {
  namespace: MANAGER_FLAGS.namespace,
  "log-folder": { environment: "LOG_FOLDER", default: "/var/lib/outrigger/logs", help: "Folder where the manager keeps logs." },
  "in-namespace": { environment: "LOGS_NAMESPACE", default: "default", help: "Namespace of the pods." },
  target: { environment: "LOGS_TARGET", default: "", help: "job/NAME, pod/NAME, or the kind and name of another owner." },
  container: { environment: "LOGS_CONTAINER", default: "", help: "One container. Empty: all." },
  timestamps: { environment: "LOGS_TIMESTAMPS", default: "false", choices: ["true", "false"], help: "Whether each line has its time." },
} as const satisfies Flags;
