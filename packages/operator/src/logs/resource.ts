import type { DeepReadonly, Observed, StatusOf } from "@outrigger/kit/api";
import { defineResource, type Static, t } from "@outrigger/kit/schema";
import { conditions, labelSelectorFields } from "../feature/index.ts";

const selector = (description: string) => t.Optional(t.Object(labelSelectorFields, { description }));

const spec = t.Object(
  {
    selector: selector("Pods by their labels; every pod where it is left out. Pods of Jobs have the label batch.kubernetes.io/job-name."),
    namespaceSelector: selector("Namespaces by their labels; every one but the manager's own and kube-system where it is left out."),
    maxBytesPerRun: t.Default(
      t.Quantity({ description: "So much is kept of one run of a container, from its beginning, before it is compressed." }),
      "16Mi",
    ),
    retention: t.Default(
      t.Object({
        seconds: t.Default(
          t.Integer({ minimum: 60, maximum: 315_360_000, description: "So long logs are kept after their pod has finished or is gone." }),
          604_800,
        ),
        maxBytes: t.Default(
          t.Quantity({ description: "So many bytes on disk are kept of pods that have finished; the oldest go first." }),
          "1Gi",
        ),
      }),
      { seconds: 604_800, maxBytes: "1Gi" },
    ),
    finalizer: t.Optional(
      t.Object(
        {
          deadlineSeconds: t.Integer({
            minimum: 1,
            maximum: 300,
            description: "A pod that is deleted is held back at most so long, counted from the end of its grace period.",
          }),
        },
        {
          description:
            "Holds a deleted pod's object back until its logs are kept, so that its termination reasons are read too. Where no manager runs, the pod waits for one.",
        },
      ),
    ),
  },
  {
    rules: [
      {
        rule: "quantity(string(self.maxBytesPerRun)).compareTo(quantity('1Ki')) >= 0",
        message: "fewer than 1Ki of a run are of no use",
        fieldPath: ".maxBytesPerRun",
      },
    ],
  },
);

const status = t.Object({
  observedGeneration: t.Optional(t.Integer()),
  /** Runs of containers that are followed now. */
  following: t.Optional(t.Integer()),
  /** Pods in the archive, those that run among them. */
  pods: t.Optional(t.Integer()),
  /** Bytes on disk. */
  bytes: t.Optional(t.Integer({ format: "int64" })),
  /** Gaps in the logs of these pods. */
  gaps: t.Optional(t.Integer()),
  /** Pods that went by the retention since the manager started. */
  removed: t.Optional(t.Integer()),
  conditions: t.Optional(conditions),
});

/** `outrigger.dev/v1alpha1 PodLogArchive`: pods whose logs outlive them. */
export const PodLogArchive = defineResource({
  group: "outrigger.dev",
  version: "v1alpha1",
  kind: "PodLogArchive",
  scope: "Cluster",
  categories: ["outrigger"],
  spec,
  status,
  columns: [
    { name: "Following", type: "integer", jsonPath: ".status.following" },
    { name: "Pods", type: "integer", jsonPath: ".status.pods" },
    { name: "Bytes", type: "integer", jsonPath: ".status.bytes" },
    { name: "Gaps", type: "integer", jsonPath: ".status.gaps" },
    { name: "Ready", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Reason", jsonPath: '.status.conditions[?(@.type=="Ready")].reason', priority: 1 },
  ],
});

export type PodLogArchiveObject = Observed<typeof PodLogArchive>;
export type PodLogArchiveSpec = DeepReadonly<Static<typeof spec>>;
export type PodLogArchiveStatus = StatusOf<typeof PodLogArchive>;
