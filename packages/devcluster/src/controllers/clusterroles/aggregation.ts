import { isDeepStrictEqual } from "node:util";
import { labelSelector, objectKey } from "@outrigger/kit/api";
import { controller, startController } from "@outrigger/kit/controller";
import { ClusterRole } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { againAfterConflict } from "../writes.ts";

/** Gathers the rules of the roles that an `aggregationRule` selects (`pkg/controller/clusterroleaggregation`). */
export const clusterRoleAggregationLoop: Loop = ({ client, informers, log }) => {
  const roles = informers.for(ClusterRole);
  const aggregated = (): readonly ClusterRole[] => roles.lister.list().filter(({ aggregationRule }) => aggregationRule);
  const loop = controller(ClusterRole, { name: "clusterrole-aggregation-controller", fieldManager: "clusterrole-aggregation-controller" })
    .watches(ClusterRole, () => aggregated().map(objectKey))
    .reconcile(
      againAfterConflict(async (role) => {
        if (!role.aggregationRule || role.metadata.deletionTimestamp !== undefined) return;
        const rules: object[] = [];
        for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
          const compiled = labelSelector(selector as never);
          const selected = roles.lister.list().filter(({ metadata }) => compiled.matches(metadata.labels));
          for (const other of [...selected].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
            if (other.metadata.name === role.metadata.name) continue;
            for (const rule of other.rules ?? []) if (!rules.some((known) => isDeepStrictEqual(known, rule))) rules.push(rule);
          }
        }
        if (isDeepStrictEqual(rules, role.rules ?? [])) return;
        const wanted = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: role.metadata.name }, rules };
        await client.apply(ClusterRole, wanted as never, { fieldManager: "clusterrole-aggregation-controller", force: true });
      }),
    );
  return startController(loop, { client, informers, log });
};
