import type { Flags } from "./flags.ts";

export const DRAIN_FLAGS = {
  namespace: { environment: "POD_NAMESPACE", default: "outrigger-system", help: "Namespace of the manager." },
  deployment: { environment: "DEPLOYMENT", default: "outrigger-manager", help: "Deployment of the manager." },
  definitions: {
    environment: "DEFINITIONS",
    default: "keep",
    choices: ["keep", "delete"],
    help: "Whether the definitions go too, and with them every object of their kinds.",
  },
} as const satisfies Flags;
