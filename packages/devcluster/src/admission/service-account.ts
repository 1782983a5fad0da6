import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "@outrigger/kit/api";
import type { ClusterReader } from "../registry/index.ts";
import { type AdmissionPlugin, concerns, refuse, specOf, withSpec } from "./plugin.ts";

const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX = "kube-api-access-";
/** An hour and seven seconds: by the odd number the API server knows tokens that old clients may use for longer. */
const TOKEN_SECONDS = 3607;
const MIRROR = "kubernetes.io/config.mirror";
/** The controller makes the default account of a new namespace; a pod may be a moment earlier. */
const DEFAULT_ACCOUNT_TRIES = 20;
const DEFAULT_ACCOUNT_PAUSE_MS = 50;

interface Container {
  readonly name: string;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}
interface Volume {
  readonly name: string;
  readonly [source: string]: unknown;
}

/**
 * Gives pods a service account, its token, and its pull secrets. After `plugin/pkg/admission/serviceaccount`; secrets
 * are not limited to those of the account (the annotation for that is deprecated).
 */
export function serviceAccount(reader: ClusterReader): AdmissionPlugin {
  const find = async (namespace: string, name: string): Promise<KubeObject | undefined> => {
    const tries = name === "default" ? DEFAULT_ACCOUNT_TRIES : 1;
    for (let attempt = 1; ; attempt++) {
      const found = reader.get("", "serviceaccounts", { namespace, name });
      if (found || attempt >= tries) return found;
      await sleep(DEFAULT_ACCOUNT_PAUSE_MS);
    }
  };
  return {
    name: "ServiceAccount",
    async admit(attributes) {
      const { object, namespace } = attributes;
      if (!object || attributes.operation !== "CREATE" || !concerns(attributes, "", "pods")) return;
      const spec = specOf(object);
      const given = (spec["serviceAccountName"] || spec["serviceAccount"]) as string | undefined;
      if (object.metadata.annotations?.[MIRROR] !== undefined) {
        if (given) throw refuse(attributes, "a mirror pod may not reference service accounts");
        return;
      }
      const name = given || "default";
      const account = await find(namespace, name);
      if (!account)
        throw refuse(attributes, `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`);
      const automount = spec["automountServiceAccountToken"] ?? account["automountServiceAccountToken"] ?? true;
      const pullSecrets = (account["imagePullSecrets"] as { name?: string }[] | undefined) ?? [];
      const own = (spec["imagePullSecrets"] as unknown[] | undefined) ?? [];
      attributes.object = withSpec(object, {
        // The second name is the first one's old spelling; clients read either.
        serviceAccountName: name,
        serviceAccount: name,
        ...(automount === true ? withToken(spec) : {}),
        ...(own.length === 0 && pullSecrets.length > 0
          ? { imagePullSecrets: pullSecrets.map((secret) => ({ name: secret.name ?? "" })) }
          : {}),
      });
    },
  };
}

/** The fields of the spec that change when every container mounts the token. */
function withToken(spec: Record<string, unknown>): Record<string, unknown> {
  const volumes = (spec["volumes"] as Volume[] | undefined) ?? [];
  const present = volumes.find(({ name }) => name.startsWith(VOLUME_PREFIX));
  const name = present?.name ?? VOLUME_PREFIX + suffix();
  let needed = false;
  const mounted = (containers: readonly Container[]): Container[] =>
    containers.map((container) => {
      const mounts = container.volumeMounts ?? [];
      if (mounts.some(({ mountPath }) => mountPath === MOUNT_PATH)) return container;
      needed = true;
      return { ...container, volumeMounts: [...mounts, { name, readOnly: true, mountPath: MOUNT_PATH }] };
    });
  const changed: Record<string, unknown> = {};
  for (const field of ["initContainers", "containers"]) {
    if (Array.isArray(spec[field])) changed[field] = mounted(spec[field] as Container[]);
  }
  if (needed && !present) changed["volumes"] = [...volumes, { name, projected: tokenSource() }];
  return changed;
}

function tokenSource(): Record<string, unknown> {
  return {
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
    ],
    defaultMode: 420,
  };
}

/** Five characters of the alphabet from which Kubernetes makes names: no vowels, no look-alikes. */
function suffix(): string {
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
}
