import { DISTRIBUTIONS, PROTOCOLS } from "@outrigger/agent/fault";
import { t } from "@outrigger/kit/schema";

/** As tc's own: one number and one unit. Milliseconds where the unit is left out. */
const TIME = "^[0-9]{1,9}(\\.[0-9]{1,9})?(us|µs|ms|s|m|h)?$";
const PORT = "^[0-9]{1,5}(-[0-9]{1,5})?$";

const percent = () => t.Number({ minimum: 0, maximum: 100 });
const optionalPercent = () => t.Optional(percent());
const chance = { percent: percent(), correlation: optionalPercent() };

/** What is done to packets: the agent's own fields, but for which packets and for how long. */
export const faultSchema = t.Object(
  {
    delay: t.Optional(
      t.Object(
        {
          time: t.String({ pattern: TIME, maxLength: 24, description: "Such as 20ms, 1.5s or 250us; at most 274s." }),
          jitter: t.Optional(t.String({ pattern: TIME, maxLength: 24 })),
          correlation: optionalPercent(),
          distribution: t.Optional(t.Enum([...DISTRIBUTIONS], { description: "Of the jitter; evenly spread where it is left out." })),
        },
        {
          rules: [
            {
              rule: "has(self.jitter) || (!has(self.distribution) && (!has(self.correlation) || self.correlation == 0.0))",
              message: "a distribution and a correlation are those of a jitter",
              fieldPath: ".jitter",
            },
          ],
        },
      ),
    ),
    loss: t.Optional(
      t.Object(
        {
          random: t.Optional(t.Object(chance)),
          state: t.Optional(
            t.Object({ p13: percent(), p31: optionalPercent(), p32: optionalPercent(), p23: optionalPercent(), p14: optionalPercent() }),
          ),
          gemodel: t.Optional(t.Object({ p: percent(), r: optionalPercent(), h: optionalPercent(), k: optionalPercent() })),
        },
        {
          minProperties: 1,
          maxProperties: 1,
          description: "At random, by a Markov chain of four states, or by Gilbert and Elliot's model (tc-netem(8)).",
        },
      ),
    ),
    duplicate: t.Optional(t.Object(chance)),
    corrupt: t.Optional(t.Object(chance)),
    reorder: t.Optional(t.Object({ ...chance, gap: t.Optional(t.Integer({ minimum: 1, maximum: 1_000_000 })) })),
    rate: t.Optional(
      t.Object({
        bandwidth: t.String({
          pattern: "^[0-9]{1,9}(\\.[0-9]{1,6})?[kKmMgG]?([bB][iI][tT]|[bB][pP][sS])$",
          description: "Such as 1mbit, or 100kbps (bytes).",
        }),
        burst: t.Optional(t.String({ pattern: "^[0-9]{1,9}[kKmM]?[bB]?$" })),
        limit: t.Optional(t.String({ pattern: "^[0-9]{1,9}[kKmM]?[bB]?$" })),
      }),
    ),
    partition: t.Optional(t.Literal(true, { description: "Nothing passes." })),
    direction: t.Optional(t.Enum(["egress", "ingress", "both"], { description: "egress, what the pod sends, where it is left out." })),
  },
  {
    rules: [
      {
        rule: "has(self.delay) || has(self.loss) || has(self.duplicate) || has(self.corrupt) || has(self.rate) || has(self.partition)",
        message: "a fault has at least one of delay, loss, duplicate, corrupt, reorder with delay, rate and partition",
      },
      {
        rule: "!has(self.reorder) || has(self.delay)",
        message: "packets can only overtake others that are delayed: reorder needs a delay",
        fieldPath: ".reorder",
      },
    ],
  },
);

const ports = () =>
  t.Optional(
    t.Array(t.IntOrString({ description: "A port, or a range such as 8000-8010; of either side.", pattern: PORT }), {
      minItems: 1,
      maxItems: 16,
    }),
  );
export const cidrs = () => t.Optional(t.Array(t.String({ maxLength: 50 }), { minItems: 1, maxItems: 64 }));

export const portFields = {
  ports: ports(),
  protocol: t.Optional(t.Enum([...PROTOCOLS], { description: "icmp is ICMPv6 too." })),
};
export const excludeSchema = t.Object(
  { cidrs: cidrs(), ports: ports() },
  { minProperties: 1, description: "Traffic that is left alone although it is with a target." },
);
