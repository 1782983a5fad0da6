import { isDeepStrictEqual } from "node:util";
import { ConflictError, NotFoundError } from "@outrigger/kit/client";
import { controller, requeue, startController } from "@outrigger/kit/controller";
import { Namespace } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { MANAGER, writeStatus } from "../writes.ts";
import { deletionConditions } from "./conditions.ts";
import { deleteContent } from "./content.ts";

const FINALIZER = "kubernetes";
/** Milliseconds between looks at a namespace whose content is on its way out: soon at first, then rarer. */
const FIRST_LOOK = 50;
const LAST_LOOK = 2_000;

/** Empties namespaces that are being deleted, then lets them go. */
export const namespaceLoop: Loop = ({ client, informers, log }) => {
  const looks = new Map<string, number>();
  const loop = controller(Namespace, { name: "namespace-controller", fieldManager: MANAGER, workers: 4 }).reconcile(
    async (namespace, { signal }) => {
      const { name, deletionTimestamp, uid } = namespace.metadata;
      if (deletionTimestamp === undefined || !namespace.spec.finalizers?.includes(FINALIZER)) return;
      const remaining = await deleteContent(client, name, signal);
      try {
        if (remaining.objects.size === 0 && remaining.failures.length === 0) {
          looks.delete(uid);
          const finalizers = namespace.spec.finalizers.filter((finalizer) => finalizer !== FINALIZER);
          await client.update(Namespace, { ...namespace, spec: { ...namespace.spec, finalizers } }, { subresource: "finalize", signal });
          return;
        }
        const conditions = deletionConditions(namespace.status?.conditions, remaining);
        if (!isDeepStrictEqual(conditions, namespace.status?.conditions))
          await writeStatus(client, Namespace, namespace, { ...namespace.status, conditions }, signal);
      } catch (error) {
        if (error instanceof NotFoundError) return;
        if (!(error instanceof ConflictError)) throw error;
      }
      const look = looks.get(uid) ?? FIRST_LOOK;
      looks.set(uid, Math.min(look * 2, LAST_LOOK));
      return requeue.after(look);
    },
  );
  return startController(loop, { client, informers, log });
};
