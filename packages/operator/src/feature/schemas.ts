import { t } from "@outrigger/kit/schema";

/** `status.conditions` of our kinds, one of each type. Less strict than `t.Conditions()`, so that objects stored earlier stay valid. */
export const conditions = t.Array(
  t.Object({
    type: t.String(),
    status: t.Enum(["True", "False", "Unknown"]),
    reason: t.String(),
    message: t.String(),
    lastTransitionTime: t.String({ format: "date-time" }),
    observedGeneration: t.Optional(t.Integer()),
  }),
  { listType: "map", listMapKeys: ["type"] },
);

/** The fields of a label selector in our kinds, bounded so that no selector takes long to match. */
export const labelSelectorFields = {
  matchLabels: t.Optional(t.Record(t.String(), t.String())),
  matchExpressions: t.Optional(
    t.Array(
      t.Object({
        key: t.String(),
        operator: t.Enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: t.Optional(t.Array(t.String(), { maxItems: 64 })),
      }),
      { maxItems: 32 },
    ),
  ),
};
