/**
 * The JSON form that Go gives a SidecarSet's containers (core/v1 of Kubernetes 1.32 and kruise's additions): which
 * fields, in which order, and which are written when they are empty. The set's hash is made of these bytes.
 *
 * `field` is left out when empty; `field!` always written; `field*` written whenever it was given (a pointer in Go);
 * `:T` one struct, `:T[]` a list of them, `[]` a list of plain values, `:quantity` and `:quantities` amounts.
 */
const STRUCTS: Record<string, readonly string[]> = {
  Container: [
    "name!",
    "image",
    "command[]",
    "args[]",
    "workingDir",
    "ports:Port[]",
    "envFrom:EnvFrom[]",
    "env:Env[]",
    "resources!:Resources",
    "resizePolicy:ResizePolicy[]",
    "restartPolicy*",
    "volumeMounts:Mount[]",
    "volumeDevices:Device[]",
    "livenessProbe:Probe",
    "readinessProbe:Probe",
    "startupProbe:Probe",
    "lifecycle:Lifecycle",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "imagePullPolicy",
    "securityContext:SecurityContext",
    "stdin",
    "stdinOnce",
    "tty",
    "podInjectPolicy",
    "upgradeStrategy!:UpgradeStrategy",
    "shareVolumePolicy!:SharePolicy",
    "shareVolumeDevicePolicy:SharePolicy",
    "transferEnv:TransferEnv[]",
    "resourcesPolicy:ResourcesPolicy",
  ],
  Port: ["name", "hostPort", "containerPort!", "protocol", "hostIP"],
  EnvFrom: ["prefix", "configMapRef:Ref", "secretRef:Ref"],
  Ref: ["name", "optional*"],
  Env: ["name!", "value", "valueFrom:EnvSource"],
  EnvSource: ["fieldRef:FieldRef", "resourceFieldRef:ResourceFieldRef", "configMapKeyRef:KeyRef", "secretKeyRef:KeyRef"],
  FieldRef: ["apiVersion", "fieldPath!"],
  ResourceFieldRef: ["containerName", "resource!", "divisor!:quantity"],
  KeyRef: ["name", "key!", "optional*"],
  Resources: ["limits:quantities", "requests:quantities", "claims:Claim[]"],
  Claim: ["name!", "request"],
  ResizePolicy: ["resourceName!", "restartPolicy!"],
  Mount: ["name!", "readOnly", "recursiveReadOnly*", "mountPath!", "subPath", "mountPropagation*", "subPathExpr"],
  Device: ["name!", "devicePath!"],
  Probe: [
    "exec:Exec",
    "httpGet:HttpGet",
    "tcpSocket:TcpSocket",
    "grpc:Grpc",
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
    "terminationGracePeriodSeconds*",
  ],
  Exec: ["command[]"],
  HttpGet: ["path", "port!", "host", "scheme", "httpHeaders:Header[]"],
  Header: ["name!", "value!"],
  TcpSocket: ["port!", "host"],
  Grpc: ["port!", "service*!"],
  Lifecycle: ["postStart:Handler", "preStop:Handler"],
  Handler: ["exec:Exec", "httpGet:HttpGet", "tcpSocket:TcpSocket", "sleep:Sleep"],
  Sleep: ["seconds!"],
  SecurityContext: [
    "capabilities:Capabilities",
    "privileged*",
    "seLinuxOptions:SeLinux",
    "windowsOptions:Windows",
    "runAsUser*",
    "runAsGroup*",
    "runAsNonRoot*",
    "readOnlyRootFilesystem*",
    "allowPrivilegeEscalation*",
    "procMount*",
    "seccompProfile:Profile",
    "appArmorProfile:Profile",
  ],
  Capabilities: ["add[]", "drop[]"],
  SeLinux: ["user", "role", "type", "level"],
  Windows: ["gmsaCredentialSpecName*", "gmsaCredentialSpec*", "runAsUserName*", "hostProcess*"],
  Profile: ["type!", "localhostProfile*"],
  UpgradeStrategy: ["upgradeType", "hotUpgradeEmptyImage"],
  SharePolicy: ["type"],
  TransferEnv: ["sourceContainerName", "sourceContainerNameFrom:SourceFrom", "envName", "envNames[]"],
  SourceFrom: ["fieldRef:FieldRef"],
  ResourcesPolicy: ["targetContainersMode", "targetContainersNameRegex", "resourcesExpr!:ResourcesExpr"],
  ResourcesExpr: ["limits:ResourceExpr", "requests:ResourceExpr"],
  ResourceExpr: ["cpu", "memory"],
};

export interface GoField {
  readonly name: string;
  readonly always: boolean;
  readonly pointer: boolean;
  readonly list: boolean;
  /** A struct's name, `quantity`, `quantities`, or nothing for a plain value. */
  readonly type: string | undefined;
}

function field(text: string): GoField {
  const [, name = "", flags = "", type, list] = /^(\w+)([*!]*)(?::(\w+))?(\[\])?$/.exec(text) ?? [];
  return { name, always: flags.includes("!"), pointer: flags.includes("*"), type, list: list !== undefined };
}

/** Fields of each struct, in Go's order. */
export const goStructs: ReadonlyMap<string, readonly GoField[]> = new Map(
  Object.entries(STRUCTS).map(([name, fields]) => [name, fields.map(field)]),
);
