import type { DeepReadonly, Observed, StatusOf } from "@outrigger/kit/api";
import { defineResource, type Static, t } from "@outrigger/kit/schema";
import { conditions, labelSelectorFields } from "../feature/index.ts";

/** Ratios are counted in thousandths; a node may be given at most this many times what it has, whatever a policy says. */
const HIGHEST_RATIO = 100;

const ratio = (description: string): ReturnType<typeof t.Number> => t.Number({ minimum: 1, maximum: HIGHEST_RATIO, description });

const spec = t.Object(
  {
    nodeSelector: t.Optional(t.Object(labelSelectorFields, { description: "Nodes by their labels; every node where it is left out." })),
    priority: t.Default(
      t.Integer({ format: "int32", description: "Of several policies that select a node, the highest one counts; ties go by name." }),
      0,
    ),
    ratios: t.Object(
      {
        cpu: t.Optional(ratio("How many times its true CPU a node offers, to a thousandth.")),
        memory: t.Optional(
          ratio("How many times its true memory a node offers, to a thousandth. Memory is left alone where it is not given."),
        ),
      },
      { minProperties: 1 },
    ),
    maximum: t.Default(
      t.Object(
        {
          cpu: t.Default(ratio("The most that spec.ratios.cpu and annotations of nodes may say."), 5),
          memory: t.Default(ratio("The most that spec.ratios.memory and annotations of nodes may say."), 1.5),
        },
        { description: "Limits of the ratios, against a slip of the pen." },
      ),
      { cpu: 5, memory: 1.5 },
    ),
    drain: t.Optional(
      t.Boolean({
        description:
          "Where a node's requests exceed what it would offer after a ratio is lowered: cordon it, evict pods within their disruption budgets, then lower.",
      }),
    ),
    force: t.Optional(
      t.Boolean({ description: "Lower ratios below what nodes' pods request. A kubelet that restarts then ends the surplus pods." }),
    ),
  },
  {
    rules: [
      {
        rule: "!has(self.ratios.cpu) || self.ratios.cpu <= self.maximum.cpu",
        message: "the cpu ratio exceeds spec.maximum.cpu (5 unless given): raise that too if you mean it",
        fieldPath: ".ratios.cpu",
      },
      {
        rule: "!has(self.ratios.memory) || self.ratios.memory <= self.maximum.memory",
        message: "the memory ratio exceeds spec.maximum.memory (1.5 unless given): raise that too if you mean it",
        fieldPath: ".ratios.memory",
      },
      {
        rule: "!(has(self.drain) && self.drain && has(self.force) && self.force)",
        message: "drain and force exclude each other: evict the surplus pods, or lower the ratio over their heads",
        fieldPath: ".force",
      },
    ],
  },
);

const figures = t.Object({
  /** What the kubelet says. */
  true: t.String(),
  /** What the node offers. */
  allocatable: t.String(),
  requested: t.String(),
  /** Requests as a part of the true value: `1.25` is a quarter too many. */
  used: t.String(),
});

const status = t.Object({
  observedGeneration: t.Optional(t.Integer()),
  /** Nodes that the policy counts for. */
  nodes: t.Optional(t.Integer()),
  /** Those of them that offer what they should. */
  atRatio: t.Optional(t.Integer()),
  /** Those of them whose pods request more than the node truly has. */
  overcommitted: t.Optional(t.Integer()),
  /** The first nodes, those that need attention before the others. */
  nodeList: t.Optional(
    t.Array(
      t.Object({
        name: t.String(),
        /** AtRatio, Pending, Held or Draining. */
        state: t.String(),
        message: t.Optional(t.String()),
        cpu: t.Optional(figures),
        memory: t.Optional(figures),
      }),
    ),
  ),
  /** How many nodes `nodeList` leaves out. */
  nodesNotListed: t.Optional(t.Integer()),
  conditions: t.Optional(conditions),
});

/** `outrigger.dev/v1alpha1 NodeOvercommit`: how many times its true CPU and memory a node offers to pods. */
export const NodeOvercommit = defineResource({
  group: "outrigger.dev",
  version: "v1alpha1",
  kind: "NodeOvercommit",
  scope: "Cluster",
  categories: ["outrigger"],
  spec,
  status,
  columns: [
    { name: "CPU", type: "number", jsonPath: ".spec.ratios.cpu" },
    { name: "Memory", type: "number", jsonPath: ".spec.ratios.memory" },
    { name: "Nodes", type: "integer", jsonPath: ".status.nodes" },
    { name: "At-Ratio", type: "integer", jsonPath: ".status.atRatio" },
    { name: "Overcommitted", type: "integer", jsonPath: ".status.overcommitted" },
    { name: "Ready", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Priority", type: "integer", jsonPath: ".spec.priority", priority: 1 },
  ],
});

export type NodeOvercommitObject = Observed<typeof NodeOvercommit>;
export type NodeOvercommitSpec = DeepReadonly<Static<typeof spec>>;
export type NodeOvercommitStatus = StatusOf<typeof NodeOvercommit>;
export type NodeEntry = NonNullable<NodeOvercommitStatus["nodeList"]>[number];
