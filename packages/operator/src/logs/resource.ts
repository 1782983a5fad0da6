import type { DeepReadonly, Observed, StatusOf } from "@outrigger/kit/api";
import { defineResource, type Static, t } from "@outrigger/kit/schema";
import { conditions, labelSelectorFields } from "../feature/index.ts";

const selector = (description: string) => t.Optional(t.Object(labelSelectorFields, { description }));

/** The Secret with a bucket's credentials that the manager may read without further rights. */
export const DEFAULT_SECRET = "outrigger-log-archive";

const s3 = t.Object(
  {
    endpoint: t.String({
      maxLength: 512,
      description: "URL of the store without a path: https://s3.eu-central-1.amazonaws.com, http://minio.storage.svc:9000.",
    }),
    region: t.Default(t.String({ pattern: "^[A-Za-z0-9-]{1,64}$", description: "Region that requests are signed for." }), "us-east-1"),
    bucket: t.String({ pattern: "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description: "A bucket that is there already." }),
    prefix: t.Default(
      t.String({
        maxLength: 256,
        description: "Before the key of each object; ends with a slash. Clusters that share a bucket need different prefixes.",
      }),
      "",
    ),
    addressing: t.Default(t.Enum(["Path", "VirtualHost"], { description: "endpoint/bucket/key, or bucket.endpoint/key." }), "Path"),
    credentialsSecret: t.Default(
      t.String({
        maxLength: 253,
        pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        description:
          "Secret in the manager's namespace with accessKeyId and secretAccessKey, and where needed sessionToken and ca.crt (the authority of the store's certificate).",
      }),
      DEFAULT_SECRET,
    ),
  },
  {
    description: "An S3-compatible bucket that logs go into; the manager's folder where it is left out.",
    rules: [
      {
        rule: "self.endpoint.matches('^https?://[A-Za-z0-9.:\\\\[\\\\]-]+$')",
        message: "write http:// or https://, a host and where needed a port, without a path: https://s3.eu-central-1.amazonaws.com",
        fieldPath: ".endpoint",
      },
      {
        rule: "self.prefix.matches('^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*$')",
        message: "write names that end with a slash each, and no slash before the first: logs/cluster-1/",
        fieldPath: ".prefix",
      },
      {
        rule: "self.addressing == 'Path' || !self.endpoint.matches('^https?://([0-9.]+|\\\\[.*)(:[0-9]+)?$')",
        message: "an endpoint that is an IP address needs addressing: Path",
        fieldPath: ".addressing",
      },
    ],
  },
);

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
    s3: t.Optional(s3),
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
  /** Bytes on disk or in the bucket. */
  bytes: t.Optional(t.Integer({ format: "int64" })),
  /** Gaps in the logs of these pods. */
  gaps: t.Optional(t.Integer()),
  /** Pods that went by the retention since the manager started. */
  removed: t.Optional(t.Integer()),
  /** Bytes that wait for the bucket, those of pods that run among them. */
  pending: t.Optional(t.Integer({ format: "int64" })),
  /** Requests to the bucket that failed since the manager started. */
  failures: t.Optional(t.Integer()),
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
    { name: "Bucket", jsonPath: ".spec.s3.bucket", priority: 1 },
    { name: "Reason", jsonPath: '.status.conditions[?(@.type=="Ready")].reason', priority: 1 },
  ],
});

export type PodLogArchiveObject = Observed<typeof PodLogArchive>;
export type PodLogArchiveSpec = DeepReadonly<Static<typeof spec>>;
export type PodLogArchiveStatus = StatusOf<typeof PodLogArchive>;
