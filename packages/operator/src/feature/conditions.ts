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
