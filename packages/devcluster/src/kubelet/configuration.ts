import { type Container, claimNameOf, type Pod } from "../objects/index.ts";

/** What the kubelet reads of the cluster for a pod: ConfigMaps, Secrets and claims. `undefined` where there is none. */
export interface ConfigurationReader {
  configMap(namespace: string, name: string): Promise<{ readonly data?: object; readonly binaryData?: object } | undefined>;
  secret(namespace: string, name: string): Promise<{ readonly data?: object } | undefined>;
  claim(namespace: string, name: string): Promise<{ readonly status?: { readonly phase?: string } } | undefined>;
}

interface Reference {
  readonly kind: "configmap" | "secret";
  readonly name: string;
  readonly keys: readonly string[];
  readonly optional: boolean;
}

/** Whether a container names anything that can be missing, or must not run as root: most need no look at the cluster. */
export function needsConfiguration(pod: Pod, container: Container): boolean {
  return referencesOf(container).length > 0 || runsAsNonRoot(pod, container);
}

/**
 * Why a container cannot be made, as the kubelet words it (`CreateContainerConfigError`); `undefined` where it can.
 *
 * @param asRoot whether its image runs as root where nobody says otherwise.
 */
export async function configurationProblem(
  pod: Pod,
  container: Container,
  asRoot: boolean,
  reader: ConfigurationReader,
): Promise<string | undefined> {
  for (const reference of referencesOf(container)) {
    const problem = await missing(pod, reference, reader);
    if (problem !== undefined) return problem;
  }
  if (!runsAsNonRoot(pod, container)) return undefined;
  const { name, namespace, uid } = pod.metadata;
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
  const user = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser;
  if (user === 0) return `container's runAsUser breaks non-root policy ${where}`;
  return user === undefined && asRoot ? `container has runAsNonRoot and image will run as root ${where}` : undefined;
}

/** Why the pod's volumes cannot be mounted, as the event `FailedMount` says it; `undefined` where they can. */
export async function mountProblem(pod: Pod, reader: ConfigurationReader): Promise<string | undefined> {
  const { namespace } = pod.metadata;
  for (const volume of pod.spec.volumes ?? []) {
    const { name } = volume;
    const claimName = claimNameOf(pod, volume);
    if (claimName !== undefined) {
      const claim = await reader.claim(namespace, claimName);
      const why = claim
        ? claim.status?.phase === "Bound"
          ? undefined
          : "PVC is not bound"
        : `failed to fetch PVC from API server: persistentvolumeclaims ${JSON.stringify(claimName)} not found`;
      if (why !== undefined)
        return `Unable to attach or mount volumes: unmounted volumes=[${name}], unattached volumes=[], failed to process volumes=[${name}]: error processing PVC ${namespace}/${claimName}: ${why}`;
    }
    for (const reference of volumeReferences(volume)) {
      const problem = await missing(pod, reference, reader, true);
      if (problem !== undefined) return `MountVolume.SetUp failed for volume ${JSON.stringify(name)} : ${problem}`;
    }
  }
  return undefined;
}

function runsAsNonRoot({ spec }: Pod, { securityContext }: Container): boolean {
  return securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot ?? false;
}

function referencesOf({ env = [], envFrom = [] }: Container): readonly Reference[] {
  return [
    ...envFrom.flatMap(({ configMapRef, secretRef }): Reference[] => [
      ...reference("configmap", configMapRef),
      ...reference("secret", secretRef),
    ]),
    ...env.flatMap(({ valueFrom }): Reference[] => {
      const { configMapKeyRef: map, secretKeyRef: secret } = valueFrom ?? {};
      return map ? reference("configmap", map, [map.key]) : reference("secret", secret, secret && [secret.key]);
    }),
  ];
}

function volumeReferences({ configMap, secret, projected }: NonNullable<Pod["spec"]["volumes"]>[number]): readonly Reference[] {
  const keys = (source: { readonly items?: readonly { readonly key: string }[] } | undefined): string[] =>
    (source?.items ?? []).map(({ key }) => key);
  return [
    ...reference("configmap", configMap, keys(configMap)),
    ...reference("secret", secret && { ...secret, name: secret.secretName ?? "" }, keys(secret)),
    ...(projected?.sources ?? []).flatMap((source) => [
      // Published to every namespace by a loop that may be left out; nothing here reads it.
      ...(source.configMap?.name === "kube-root-ca.crt" ? [] : reference("configmap", source.configMap, keys(source.configMap))),
      ...reference("secret", source.secret, keys(source.secret)),
    ]),
  ];
}

function reference(
  kind: Reference["kind"],
  source: { readonly name?: string; readonly optional?: boolean } | undefined,
  keys: readonly string[] = [],
): Reference[] {
  return source ? [{ kind, name: source.name ?? "", keys, optional: source.optional === true }] : [];
}

async function missing(
  { metadata: { namespace } }: Pod,
  { kind, name, keys, optional }: Reference,
  reader: ConfigurationReader,
  mounted = false,
): Promise<string | undefined> {
  const found = kind === "configmap" ? await reader.configMap(namespace, name) : await reader.secret(namespace, name);
  if (!found) return optional ? undefined : `${kind} ${JSON.stringify(name)} not found`;
  const has: object = { ...(found as { binaryData?: object }).binaryData, ...found.data };
  const key = keys.find((one) => !Object.hasOwn(has, one));
  if (key === undefined || optional) return undefined;
  if (mounted)
    return kind === "configmap" ? `configmap references non-existent config key: ${key}` : `references non-existent secret key: ${key}`;
  return `couldn't find key ${key} in ${kind === "configmap" ? "ConfigMap" : "Secret"} ${namespace}/${name}`;
}
