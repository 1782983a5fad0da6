import type { FlagTable } from "./flags.ts";

const taken = "taken and not used";

/** Kubernetes' plug-ins in the devcluster's admission chain; on unless they are disabled. */
const builtIn = [
  "NamespaceLifecycle",
  "LimitRanger",
  "ServiceAccount",
  "TaintNodesByCondition",
  "PodSecurity",
  "Priority",
  "DefaultTolerationSeconds",
  "DefaultStorageClass",
  "StorageObjectInUseProtection",
  "DefaultIngressClass",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionWebhook",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionWebhook",
  "ResourceQuota",
];
/** Those that the chain always runs. */
const always = new Set(["MutatingAdmissionPolicy", "MutatingAdmissionWebhook", "ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook"]);

/** What the devcluster's `kube-apiserver` makes of the flags of a real one. */
export const apiServerFlags: FlagTable = {
  "advertise-address": { help: `${taken}: the Service kubernetes leads to the address that is listened on` },
  "allow-privileged": {
    help: "true: privileged pods are taken",
    boolean: true,
    only: (value) => value === "true",
    why: "privileged pods are taken here",
  },
  "audit-log-path": { help: "file to which the audit log is appended; - is standard output" },
  "audit-policy-file": { help: "file with the audit.k8s.io/v1 Policy of the audit log" },
  "authorization-mode": {
    help: "RBAC, with or without Node",
    list: true,
    only: (value) => value.split(",").includes("RBAC") && value.split(",").every((mode) => mode === "RBAC" || mode === "Node"),
    why: "rights come from RBAC",
  },
  "bind-address": { help: "address to listen on" },
  "cert-dir": { help: "folder of apiserver.crt and apiserver.key, which are made where they are missing" },
  "client-ca-file": { help: "authorities of client certificates" },
  "disable-admission-plugins": {
    help: `plug-ins to leave out: ${builtIn.filter((name) => !always.has(name)).join(", ")}`,
    list: true,
    only: (value) => value.split(",").every((name) => !always.has(name)),
    why: "webhooks and policies are always asked",
  },
  "enable-admission-plugins": {
    help: `plug-ins beside the default ones: ${builtIn.join(", ")}`,
    list: true,
    only: (value) => value.split(",").every((name) => name === "" || builtIn.includes(name)),
    why: "the devcluster has no such plug-in",
  },
  "etcd-servers": { help: `${taken}: objects live in this process`, list: true },
  "secure-port": { help: "port to listen on" },
  "service-account-issuer": { help: "who issues the tokens of ServiceAccounts" },
  "service-account-key-file": { help: "keys or certificates whose tokens of ServiceAccounts are believed", list: true },
  "service-account-signing-key-file": { help: "key that signs the tokens of ServiceAccounts" },
  "service-cluster-ip-range": {
    help: "10.0.0.0/24",
    only: (value) => value === "10.0.0.0/24",
    why: "the addresses of Services are those of 10.0.0.0/24",
  },
  "tls-cert-file": { help: "certificate chain of the server" },
  "tls-private-key-file": { help: "key of the server's certificate" },
  "token-auth-file": { help: 'file with bearer tokens: token,user,uid,"group1,group2"' },
  v: { help: `${taken}: there is no log of that kind` },
};
