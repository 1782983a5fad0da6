import type { KubeObject } from "@outrigger/kit/api";

/** What of a pod the standards look at. */
interface SecurityContext {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly procMount?: string;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type: string };
  readonly appArmorProfile?: { readonly type: string };
  readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string };
  readonly windowsOptions?: { readonly hostProcess?: boolean };
  readonly sysctls?: readonly { readonly name: string }[];
}
interface Handler {
  readonly httpGet?: { readonly host?: string };
  readonly tcpSocket?: { readonly host?: string };
}
interface Container {
  readonly name: string;
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly securityContext?: SecurityContext;
  readonly livenessProbe?: Handler;
  readonly readinessProbe?: Handler;
  readonly startupProbe?: Handler;
  readonly lifecycle?: { readonly postStart?: Handler; readonly preStop?: Handler };
}
export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly volumes?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly hostUsers?: boolean;
  readonly os?: { readonly name: string };
  readonly securityContext?: SecurityContext;
}

/** What a pod does that a standard does not allow. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export interface Pod {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

export function podOf({ metadata }: Pick<KubeObject, "metadata">, spec: PodSpec): Pod {
  return { annotations: metadata?.annotations ?? {}, spec };
}

/** @param minor of the Kubernetes version whose standard is asked for. */
type Check = (pod: Pod, minor: number) => Violation | undefined;

/** Names in double quotes, as they are: quotes inside are not escaped. */
const quoted = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(", ");
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();
const many = (count: number, one: string, more = `${one}s`): string => (count === 1 ? one : more);
const named = (containers: readonly string[]): string => `${many(containers.length, "container")} ${quoted(containers)}`;

/** Init containers, containers, ephemeral containers, in this order. */
function all({ initContainers = [], containers = [], ephemeralContainers = [] }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers, ...ephemeralContainers];
}

function containersThat(spec: PodSpec, does: (container: Container, context: SecurityContext) => boolean): string[] {
  return all(spec)
    .filter((container) => does(container, container.securityContext ?? {}))
    .map(({ name }) => name);
}

/** The pod and its containers, as far as each says something that is not allowed. */
function setters(spec: PodSpec, bad: (context: SecurityContext) => boolean): string[] {
  const containers = containersThat(spec, (_, context) => bad(context));
  return [...(spec.securityContext && bad(spec.securityContext) ? ["pod"] : []), ...(containers.length > 0 ? [named(containers)] : [])];
}

/** Since 1.35, some checks leave out pods in a user namespace. */
const inUserNamespace = ({ hostUsers }: PodSpec, minor: number): boolean => minor >= 35 && hostUsers === false;
/** Since 1.25, pods for Windows need not set fields that mean nothing there. */
const onWindows = ({ os }: PodSpec, minor: number): boolean => minor >= 25 && os?.name === "windows";

const DEFAULT_CAPABILITIES = new Set(
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split(" "),
);
/** Allowed sysctls, by the minor version since which they are. */
const SYSCTLS: Readonly<Record<string, number>> = {
  "kernel.shm_rmid_forced": 0,
  "net.ipv4.ip_local_port_range": 0,
  "net.ipv4.tcp_syncookies": 0,
  "net.ipv4.ping_group_range": 0,
  "net.ipv4.ip_unprivileged_port_start": 0,
  "net.ipv4.ip_local_reserved_ports": 27,
  "net.ipv4.tcp_keepalive_time": 29,
  "net.ipv4.tcp_fin_timeout": 29,
  "net.ipv4.tcp_keepalive_intvl": 29,
  "net.ipv4.tcp_keepalive_probes": 29,
  "net.ipv4.tcp_rmem": 32,
  "net.ipv4.tcp_wmem": 32,
};
const SELINUX_TYPES = new Set(["", "container_t", "container_init_t", "container_kvm_t"]);
const allowsType = (type: string | undefined, minor: number): boolean =>
  SELINUX_TYPES.has(type ?? "") || (minor >= 31 && type === "container_engine_t");
const SECCOMP = new Set(["RuntimeDefault", "Localhost"]);
const VOLUMES = new Set("configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret".split(" "));

const appArmor: Check = ({ annotations, spec }) => {
  const allowed = new Set(["RuntimeDefault", "Localhost"]);
  const bad = ({ appArmorProfile }: SecurityContext): boolean => appArmorProfile !== undefined && !allowed.has(appArmorProfile.type);
  const given = [spec.securityContext, ...all(spec).map(({ securityContext }) => securityContext)];
  const values = sorted(given.flatMap((context) => (context && bad(context) ? [context.appArmorProfile!.type] : [])));
  const notes = Object.entries(annotations)
    .filter(
      ([key, value]) =>
        key.startsWith("container.apparmor.security.beta.kubernetes.io/") &&
        value !== "" &&
        value !== "runtime/default" &&
        !value.startsWith("localhost/"),
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const by = [...setters(spec, bad), ...(notes.length > 0 ? [many(notes.length, "annotation")] : [])];
  if (by.length === 0) return undefined;
  const list = [...values, ...notes];
  return {
    reason: many(list.length, "forbidden AppArmor profile"),
    detail: `${by.join(" and ")} must not set AppArmor profile type to ${quoted(list)}`,
  };
};

const baselineCapabilities: Check = ({ spec }) => {
  const others = ({ capabilities }: SecurityContext): string[] =>
    (capabilities?.add ?? []).filter((name) => !DEFAULT_CAPABILITIES.has(name));
  const bad = containersThat(spec, (_, context) => others(context).length > 0);
  if (bad.length === 0) return undefined;
  const names = sorted(all(spec).flatMap(({ securityContext = {} }) => others(securityContext)));
  return {
    reason: "non-default capabilities",
    detail: `${named(bad)} must not include ${quoted(names)} in securityContext.capabilities.add`,
  };
};

const hostNamespaces: Check = ({ spec }) => {
  const used = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field] === true).map((field) => `${field}=true`);
  return used.length === 0 ? undefined : { reason: "host namespaces", detail: used.join(", ") };
};

const hostPathVolumes: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter((volume) => volume["hostPath"] !== undefined).map(({ name }) => name);
  return bad.length === 0 ? undefined : { reason: "hostPath volumes", detail: `${many(bad.length, "volume")} ${quoted(bad)}` };
};

const hostPorts: Check = ({ spec }) => {
  const used = ({ ports = [] }: Container): number[] => ports.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [hostPort]));
  const bad = containersThat(spec, (container) => used(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = sorted(all(spec).flatMap(used).map(String));
  return {
    reason: "hostPort",
    detail: `${named(bad)} ${many(bad.length, "uses", "use")} ${many(ports.length, "hostPort")} ${ports.join(", ")}`,
  };
};

const hostProbes: Check = ({ spec }) => {
  const hosts = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((handler) =>
      [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host): host is string => !!host),
    );
  const bad = sorted(containersThat(spec, (container) => hosts(container).length > 0));
  if (bad.length === 0) return undefined;
  const names = sorted(all(spec).flatMap(hosts));
  const what = many(names.length, "probe or lifecycle host");
  return { reason: "probe or lifecycle host", detail: `${named(bad)} ${many(bad.length, "uses", "use")} ${what} ${quoted(names)}` };
};

const privileged: Check = ({ spec }) => {
  const bad = containersThat(spec, (_, context) => context.privileged === true);
  return bad.length === 0 ? undefined : { reason: "privileged", detail: `${named(bad)} must not set securityContext.privileged=true` };
};

const procMount =
  (relaxed: boolean): Check =>
  ({ spec }, minor) => {
    if (relaxed && inUserNamespace(spec, minor)) return undefined;
    const other = ({ procMount: mount }: SecurityContext): boolean => mount !== undefined && mount !== "Default";
    const bad = containersThat(spec, (_, context) => other(context));
    if (bad.length === 0) return undefined;
    const types = sorted(all(spec).flatMap(({ securityContext = {} }) => (other(securityContext) ? [securityContext.procMount!] : [])));
    return { reason: "procMount", detail: `${named(bad)} must not set securityContext.procMount to ${quoted(types)}` };
  };

const seLinux: Check = ({ spec }, minor) => {
  const bad = ({ seLinuxOptions }: SecurityContext): boolean =>
    seLinuxOptions !== undefined && (!allowsType(seLinuxOptions.type, minor) || !!seLinuxOptions.user || !!seLinuxOptions.role);
  const by = setters(spec, bad);
  if (by.length === 0) return undefined;
  const options = [spec.securityContext, ...all(spec).map(({ securityContext }) => securityContext)].map(
    (context) => context?.seLinuxOptions,
  );
  const types = sorted(options.flatMap((option) => (option && !allowsType(option.type, minor) ? [option.type ?? ""] : [])));
  const data = [
    ...(types.length > 0 ? [`${many(types.length, "type")} ${quoted(types)}`] : []),
    ...(options.some((option) => option?.user) ? ["user may not be set"] : []),
    ...(options.some((option) => option?.role) ? ["role may not be set"] : []),
  ];
  return { reason: "seLinuxOptions", detail: `${by.join(" and ")} set forbidden securityContext.seLinuxOptions: ${data.join("; ")}` };
};

const otherSeccomp = ({ seccompProfile }: SecurityContext): boolean => seccompProfile !== undefined && !SECCOMP.has(seccompProfile.type);

const baselineSeccomp: Check = ({ spec }) => {
  const by = setters(spec, otherSeccomp);
  if (by.length === 0) return undefined;
  const contexts = [spec.securityContext, ...all(spec).map(({ securityContext }) => securityContext)];
  const types = sorted(contexts.flatMap((context) => (context && otherSeccomp(context) ? [context.seccompProfile!.type] : [])));
  return { reason: "seccompProfile", detail: `${by.join(" and ")} must not set securityContext.seccompProfile.type to ${quoted(types)}` };
};

const sysctls: Check = ({ spec }, minor) => {
  const bad = (spec.securityContext?.sysctls ?? [])
    .map(({ name }) => name)
    .filter((name) => (SYSCTLS[name] ?? Number.POSITIVE_INFINITY) > minor);
  return bad.length === 0 ? undefined : { reason: "forbidden sysctls", detail: bad.join(", ") };
};

const hostProcess: Check = ({ spec }) => {
  const by = setters(spec, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  return by.length === 0
    ? undefined
    : { reason: "hostProcess", detail: `${by.join(" and ")} must not set securityContext.windowsOptions.hostProcess=true` };
};

const allowPrivilegeEscalation: Check = ({ spec }, minor) => {
  if (onWindows(spec, minor)) return undefined;
  const bad = containersThat(spec, (_, context) => context.allowPrivilegeEscalation !== false);
  return bad.length === 0
    ? undefined
    : { reason: "allowPrivilegeEscalation != false", detail: `${named(bad)} must set securityContext.allowPrivilegeEscalation=false` };
};

const restrictedCapabilities: Check = ({ spec }, minor) => {
  if (onWindows(spec, minor)) return undefined;
  const added = ({ capabilities }: SecurityContext): string[] => (capabilities?.add ?? []).filter((name) => name !== "NET_BIND_SERVICE");
  const keeping = containersThat(spec, (_, { capabilities }) => !capabilities?.drop?.includes("ALL"));
  const adding = containersThat(spec, (_, context) => added(context).length > 0);
  const details = [
    ...(keeping.length > 0 ? [`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [
          `${named(adding)} must not include ${quoted(sorted(all(spec).flatMap(({ securityContext = {} }) => added(securityContext))))} in securityContext.capabilities.add`,
        ]
      : []),
  ];
  return details.length === 0 ? undefined : { reason: "unrestricted capabilities", detail: details.join("; ") };
};

const restrictedVolumes: Check = ({ spec }) => {
  const typeOf = (volume: Readonly<Record<string, unknown>>): string | undefined => Object.keys(volume).find((field) => field !== "name");
  const bad = (spec.volumes ?? []).filter((volume) => !VOLUMES.has(typeOf(volume) ?? ""));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((volume) => typeOf(volume) ?? "unknown"));
  const what = many(types.length, "restricted volume type");
  const names = `${many(bad.length, "volume")} ${quoted(bad.map(({ name }) => name))}`;
  return { reason: "restricted volume types", detail: `${names} ${many(bad.length, "uses", "use")} ${what} ${quoted(types)}` };
};

const runAsNonRoot: Check = ({ spec }, minor) => {
  if (inUserNamespace(spec, minor)) return undefined;
  const by = setters(spec, ({ runAsNonRoot: not }) => not === false);
  const reason = "runAsNonRoot != true";
  if (by.length > 0) return { reason, detail: `${by.join(" and ")} must not set securityContext.runAsNonRoot=false` };
  if (spec.securityContext?.runAsNonRoot) return undefined;
  const silent = containersThat(spec, (_, context) => context.runAsNonRoot === undefined);
  return silent.length === 0 ? undefined : { reason, detail: `pod or ${named(silent)} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: Check = ({ spec }, minor) => {
  if (inUserNamespace(spec, minor)) return undefined;
  const by = setters(spec, ({ runAsUser: user }) => user === 0);
  return by.length === 0 ? undefined : { reason: "runAsUser=0", detail: `${by.join(" and ")} must not set runAsUser=0` };
};

const restrictedSeccomp: Check = (pod, minor) => {
  const { spec } = pod;
  if (onWindows(spec, minor)) return undefined;
  const explicit = baselineSeccomp(pod, minor);
  if (explicit || spec.securityContext?.seccompProfile) return explicit;
  const silent = containersThat(spec, (_, context) => context.seccompProfile === undefined);
  if (silent.length === 0) return undefined;
  return {
    reason: "seccompProfile",
    detail: `pod or ${named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
};

interface Standard {
  readonly check: Check;
  /** The minor version since which it is asked for. */
  readonly since: number;
  /** The weaker check of the baseline whose place it takes. */
  readonly replaces?: string;
}

/** By name, in which order they are told. */
const BASELINE: Readonly<Record<string, Standard>> = {
  appArmorProfile: { check: appArmor, since: 0 },
  capabilities_baseline: { check: baselineCapabilities, since: 0 },
  hostNamespaces: { check: hostNamespaces, since: 0 },
  hostPathVolumes: { check: hostPathVolumes, since: 0 },
  hostPorts: { check: hostPorts, since: 0 },
  hostProbesAndHostLifecycle: { check: hostProbes, since: 34 },
  privileged: { check: privileged, since: 0 },
  procMount: { check: procMount(true), since: 0 },
  seLinuxOptions: { check: seLinux, since: 0 },
  seccompProfile_baseline: { check: baselineSeccomp, since: 19 },
  sysctls: { check: sysctls, since: 0 },
  windowsHostProcess: { check: hostProcess, since: 0 },
};
const RESTRICTED: Readonly<Record<string, Standard>> = {
  allowPrivilegeEscalation: { check: allowPrivilegeEscalation, since: 8 },
  capabilities_restricted: { check: restrictedCapabilities, since: 22, replaces: "capabilities_baseline" },
  procMount_restricted: { check: procMount(false), since: 35, replaces: "procMount" },
  restrictedVolumes: { check: restrictedVolumes, since: 0, replaces: "hostPathVolumes" },
  runAsNonRoot: { check: runAsNonRoot, since: 0 },
  runAsUser: { check: runAsUser, since: 23 },
  seccompProfile_restricted: { check: restrictedSeccomp, since: 19, replaces: "seccompProfile_baseline" },
};

export const LEVELS = ["privileged", "baseline", "restricted"] as const;
export type Level = (typeof LEVELS)[number];

/** The minor version of `latest`. */
const NEWEST = 36;
const known = new Map<string, readonly Check[]>();

function checksOf(level: Level, minor: number): readonly Check[] {
  const key = `${level} ${minor}`;
  let checks = known.get(key);
  if (!checks) {
    const asked = (standards: Readonly<Record<string, Standard>>) => Object.entries(standards).filter(([, { since }]) => since <= minor);
    const stricter = level === "restricted" ? asked(RESTRICTED) : [];
    const replaced = new Set(stricter.map(([, { replaces }]) => replaces));
    const base = level === "privileged" ? [] : asked(BASELINE).filter(([name]) => !replaced.has(name));
    checks = [...base, ...stricter].map(([, { check }]) => check);
    known.set(key, checks);
  }
  return checks;
}

/**
 * What a pod does that a level of the Pod Security Standards does not allow (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
 *
 * @param version `latest`, or `v1.24`: what the standard asked for then.
 */
export function violations(level: Level, version: string, pod: Pod): readonly Violation[] {
  const minor = Math.min(Number(/^v1\.(\d+)$/.exec(version)?.[1] ?? NEWEST), NEWEST);
  return checksOf(level, minor).flatMap((check) => check(pod, minor) ?? []);
}
