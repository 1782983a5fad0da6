import { objectKey } from "@outrigger/kit/api";
import { controller, startController } from "@outrigger/kit/controller";
import { Secret, ServiceAccount } from "../../objects/index.ts";
import { IDLE, type Loop } from "../loop.ts";
import { againAfterConflict, MANAGER } from "../writes.ts";

const TYPE = "kubernetes.io/service-account-token";
const ACCOUNT = "kubernetes.io/service-account.name";
const UID = "kubernetes.io/service-account.uid";

/**
 * Writes a token that does not expire into Secrets of the type `kubernetes.io/service-account-token`, and deletes those
 * whose account is gone (`pkg/controller/serviceaccount`, tokens controller). Does nothing where nobody signs tokens.
 */
export const tokenLoop: Loop = ({ client, informers, log, rootCa, signer }) => {
  if (!signer) return IDLE;
  const secrets = informers.for(Secret);
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const loop = controller(Secret, { name: "tokens-controller", fieldManager: MANAGER, predicate: (now) => now?.type === TYPE })
    .watches(ServiceAccount, ({ metadata }) =>
      secrets.lister
        .list({ namespace: metadata.namespace })
        .filter(({ type, metadata: { annotations } }) => type === TYPE && annotations?.[ACCOUNT] === metadata.name)
        .map(objectKey),
    )
    .reconcile(
      againAfterConflict(async (secret) => {
        if (secret.type !== TYPE || secret.metadata.deletionTimestamp !== undefined) return;
        const { namespace, name, annotations = {} } = secret.metadata;
        const account = { namespace, name: annotations[ACCOUNT] ?? "" };
        // The cache may be behind: ask before a Secret is deleted.
        const found = informers.for(ServiceAccount).lister.get(account) ?? (await client.find(ServiceAccount, account));
        if (!found || (annotations[UID] !== undefined && annotations[UID] !== found.metadata.uid)) {
          await client.delete(Secret, objectKey(secret), { preconditions: { uid: secret.metadata.uid } });
          return;
        }
        const { uid } = found.metadata;
        const wanted: Record<string, string> = { namespace: base64(namespace), ...(rootCa ? { "ca.crt": base64(rootCa) } : {}) };
        const data = secret.data ?? {};
        const missing = Object.entries(wanted).filter(([key, value]) => data[key] !== value);
        if (missing.length === 0 && data["token"] && annotations[UID] === uid) return;
        const token = data["token"] ?? base64(signer.secretToken({ namespace, secret: name, account: { name: account.name, uid } }));
        await client.patch(
          Secret,
          objectKey(secret),
          {
            type: "merge",
            patch: {
              metadata: { resourceVersion: secret.metadata.resourceVersion, annotations: { [UID]: uid } },
              data: { ...wanted, token },
            } as never,
          },
          { fieldManager: MANAGER },
        );
      }),
    );
  return startController(loop, { client, informers, log });
};
