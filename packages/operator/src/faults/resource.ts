import type { DeepReadonly, Observed, StatusOf } from "@outrigger/kit/api";
import { defineResource, type Static, t } from "@outrigger/kit/schema";
import { conditions, labelSelectorFields } from "../feature/index.ts";
import { cidrs, excludeSchema, faultSchema, portFields } from "./fault-schema.ts";

/** Go's way of writing durations, as Kubernetes has them; CEL's `duration` reads the same texts. */
const DURATION = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$";

const spec = t.Object(
  {
    selector: t.Object(
      { ...labelSelectorFields, names: t.Optional(t.Array(t.String({ maxLength: 253 }), { minItems: 1, maxItems: 1000 })) },
      {
        description:
          "Pods of the fault's own namespace, by labels and, where names are given, by name; one without terms selects them all.",
      },
    ),
    mode: t.Default(t.Enum(["all", "one", "fixed", "percent"], { description: "How many of the selected pods get the fault." }), "all"),
    value: t.Optional(
      t.Integer({ minimum: 1, maximum: 1000, description: "The number of pods for mode fixed, the percentage for mode percent." }),
    ),
    fault: faultSchema,
    targets: t.Optional(
      t.Object(
        {
          cidrs: cidrs(),
          pods: t.Optional(
            t.Array(
              t.Object({
                selector: t.Object(labelSelectorFields),
                namespaceSelector: t.Optional(
                  t.Object(labelSelectorFields, { description: "Namespaces of these pods; the fault's own where it is left out." }),
                ),
              }),
              { minItems: 1, maxItems: 16 },
            ),
          ),
          services: t.Optional(
            t.Array(
              t.Object({
                name: t.String({ maxLength: 63 }),
                namespace: t.Optional(t.String({ maxLength: 63, description: "The fault's own where it is left out." })),
              }),
              { minItems: 1, maxItems: 16 },
            ),
          ),
          ...portFields,
        },
        {
          description: "Which traffic is disturbed: with these addresses, ports and by this protocol. All of it where targets is left out.",
          minProperties: 1,
        },
      ),
    ),
    exclude: t.Optional(excludeSchema),
    duration: t.Optional(
      t.String({
        pattern: DURATION,
        maxLength: 32,
        description: "How long a run lasts, such as 90s or 1h30m; until it is deleted where it is left out.",
      }),
    ),
    schedule: t.Optional(
      t.String({ maxLength: 128, description: "When runs start, as a cron schedule of five fields, or @hourly and its like." }),
    ),
    timeZone: t.Optional(t.String({ maxLength: 64, description: "IANA name of the schedule's time zone; UTC where it is left out." })),
    paused: t.Optional(t.Boolean({ description: "Takes the fault off the pods, and starts no run, while it is true." })),
    agent: t.Optional(
      t.Object({
        port: t.Optional(t.Integer({ minimum: 1, maximum: 65_535, description: "Port of the agents; 2332 where it is left out." })),
        tokenSecret: t.Optional(
          t.Object(
            { name: t.String({ minLength: 1, maxLength: 253 }), key: t.Default(t.String({ minLength: 1 }), "token") },
            {
              description:
                "Secret of type outrigger.dev/agent-token, in the fault's namespace, with the agents' bearer token; outrigger-agent-token, if there is one, where it is left out.",
            },
          ),
        ),
      }),
    ),
  },
  {
    rules: [
      {
        rule: "has(self.value) == (self.mode == 'fixed' || self.mode == 'percent')",
        message: "modes fixed and percent need a value, and the others take none",
        fieldPath: ".value",
      },
      {
        rule: "self.mode != 'percent' || !has(self.value) || self.value <= 100",
        message: "a percentage is at most 100",
        fieldPath: ".value",
      },
      {
        rule: "!has(self.duration) || duration(self.duration) >= duration('1s')",
        message: "a run lasts at least 1s",
        fieldPath: ".duration",
      },
      {
        rule: "!has(self.schedule) || (has(self.duration) && duration(self.duration) <= duration('24h'))",
        message: "a schedule needs a duration of at most 24h, after which each run ends",
        fieldPath: ".duration",
      },
      { rule: "!has(self.timeZone) || has(self.schedule)", message: "a time zone goes with a schedule", fieldPath: ".timeZone" },
    ],
  },
);

const time = { format: "date-time" } as const;

const status = t.Object({
  observedGeneration: t.Optional(t.Integer()),
  /** Applied, Partial, Failed, Pending, Paused, Waiting, Recovering, Ended or Invalid; for people. */
  state: t.Optional(t.String()),
  /** What is done, in a few words; for people. */
  fault: t.Optional(t.String()),
  /** Pods that have the fault and pods that should, as `2/3`; for people. */
  applied: t.Optional(t.String()),
  run: t.Optional(
    t.Object({
      startTime: t.String(time),
      endTime: t.Optional(t.String(time)),
      /** The generation under which it ended; another one starts it again. */
      endedGeneration: t.Optional(t.Integer()),
      /** The most pods that could be chosen from at one time: what a percentage is of. */
      of: t.Optional(t.Integer()),
    }),
  ),
  nextRunTime: t.Optional(t.String(time)),
  /** What the agents took last for spec.targets, where it names addresses. */
  targets: t.Optional(
    t.Object({
      /** A fingerprint of the spec.targets that these addresses are those of. */
      asked: t.String(),
      /** How many addresses the targets have, which may be more than a fault can have. */
      found: t.Integer(),
      /** Hashes of these addresses, each with the uid of the object that has it: people who read this may not be allowed to read those. */
      marks: t.Optional(t.Array(t.String())),
    }),
  ),
  pods: t.Optional(
    t.Array(
      t.Object({
        name: t.String(),
        uid: t.String(),
        /** Pending, Applied, Failed or Recovered. */
        state: t.String(),
        reason: t.Optional(t.String()),
        message: t.Optional(t.String()),
        since: t.String(time),
      }),
    ),
  ),
  conditions: t.Optional(conditions),
});

/** `outrigger.dev/v1alpha1 NetworkFault`: a fault of the network on some pods of a namespace, for a time. */
export const NetworkFault = defineResource({
  group: "outrigger.dev",
  version: "v1alpha1",
  kind: "NetworkFault",
  shortNames: ["nf"],
  categories: ["outrigger"],
  spec,
  status,
  columns: [
    { name: "Fault", jsonPath: ".status.fault" },
    { name: "Mode", jsonPath: ".spec.mode" },
    { name: "State", jsonPath: ".status.state" },
    { name: "Applied", jsonPath: ".status.applied" },
    { name: "Ends", jsonPath: ".status.run.endTime" },
    { name: "Schedule", jsonPath: ".spec.schedule", priority: 1 },
    { name: "Next", jsonPath: ".status.nextRunTime", priority: 1 },
  ],
});

export type NetworkFaultObject = Observed<typeof NetworkFault>;
export type NetworkFaultSpec = DeepReadonly<Static<typeof spec>>;
export type NetworkFaultStatus = StatusOf<typeof NetworkFault>;
export type Run = NonNullable<NetworkFaultStatus["run"]>;
/** What became of one pod. */
export type PodEntry = NonNullable<NetworkFaultStatus["pods"]>[number];
