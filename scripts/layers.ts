/**
 * What may import what. `npm run lint` refuses an import that is not listed here, a permission that nothing uses, a folder that is
 * missing, and a circle between folders.
 */

/** Package → the packages of ours that it may import. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  agent: [],
  kit: [],
  machinery: ["kit"],
  config: ["kit", "machinery"],
  devcluster: ["kit", "machinery"],
  testing: ["kit", "devcluster"],
  operator: ["kit", "machinery", "agent"],
  cli: ["kit", "devcluster", "operator"],
};

/** The files of a package that are in no folder: its front door, its program. */
export const ROOT = ".";

/** Package → folder → the folders of the same package that it may import. */
export const FOLDERS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  agent: {
    [ROOT]: ["fault", "http", "kernel", "store"],
    fault: [],
    http: [ROOT, "fault", "kernel", "store"],
    kernel: ["fault"],
    store: [],
  },
  cli: {
    [ROOT]: [
      "convert-crd",
      "envtest",
      "import",
      "inject",
      "install",
      "installation",
      "lint",
      "manifests",
      "project",
      "quickstart",
      "scaffold",
    ],
    "convert-crd": [ROOT],
    envtest: [ROOT],
    import: [ROOT],
    inject: [ROOT],
    install: [ROOT, "manifests", "project"],
    installation: [ROOT, "install"],
    lint: [ROOT, "project"],
    manifests: [ROOT, "project", "scaffold"],
    project: [ROOT],
    quickstart: [ROOT],
    scaffold: [ROOT, "project"],
  },
  config: {
    [ROOT]: [],
  },
  devcluster: {
    [ROOT]: ["admission", "bootstrap", "controllers", "custom-resources", "data-dir", "kubelet", "registry", "server", "store"],
    admission: ["registry"],
    bootstrap: ["registry", "store"],
    controllers: ["admission", "objects"],
    "custom-resources": ["admission", "registry", "store"],
    "data-dir": ["store"],
    kubelet: ["objects"],
    objects: [],
    registry: ["store"],
    server: ["controllers", "kubelet", "registry", "store"],
    store: [],
  },
  kit: {
    [ROOT]: ["api", "cache", "client", "controller", "kinds", "manager", "schema", "webhook"],
    api: [],
    cache: ["api", "client", "queue"],
    client: ["api", "kubernetes", "queue"],
    controller: ["api", "cache", "client", "kinds", "queue", "schema"],
    kinds: ["api", "kubernetes", "schema"],
    kubernetes: [],
    manager: ["api", "cache", "client", "controller", "kinds", "metrics", "pki", "queue", "schema", "webhook"],
    metrics: [],
    patch: [],
    pki: [],
    queue: [],
    schema: ["api"],
    webhook: ["api", "cache", "client", "kubernetes", "patch", "pki", "queue"],
  },
  machinery: {
    cel: ["schema"],
    kinds: ["cel", "schema"],
    patch: [],
    schema: [],
  },
  operator: {
    [ROOT]: [
      "admission",
      "adopt",
      "certificates",
      "drain",
      "faults",
      "feature",
      "jobs",
      "logs",
      "manager",
      "overcommit",
      "pipeline",
      "pod",
      "poddefaults",
      "programs",
      "replay",
      "rollout",
      "s3",
      "sidecarset",
      "suspension",
      "templates",
    ],
    admission: ["pipeline", "pod", "poddefaults", "sidecarset", "templates"],
    adopt: ["kruise", "sidecarset"],
    certificates: ["followed-files"],
    deploy: ["certificates", "drain", "feature", "logs", "manager", "manifest-tree", "programs"],
    drain: ["faults", "feature", "logs", "manager"],
    faults: ["feature", "seen-pod"],
    feature: [],
    figures: ["faults", "pipeline", "pod", "seen-pod", "sidecarset"],
    "followed-files": [],
    injector: ["admission", "followed-files", "pipeline", "templates"],
    jobs: ["feature", "figures", "pod"],
    kruise: [],
    logs: ["feature", "figures", "s3"],
    manager: [
      "admission",
      "certificates",
      "faults",
      "feature",
      "figures",
      "jobs",
      "kruise",
      "logs",
      "overcommit",
      "pipeline",
      "pod",
      "poddefaults",
      "rollout",
      "seen-pod",
      "sidecarset",
      "templates",
    ],
    "manifest-tree": [],
    overcommit: ["feature", "figures"],
    pipeline: ["pod", "poddefaults", "sidecarset", "templates"],
    pod: [],
    poddefaults: ["pod", "seen-pod"],
    programs: ["drain", "injector", "logs", "manager", "pipeline", "poddefaults"],
    replay: ["pipeline", "pod", "sidecarset"],
    rollout: ["kruise", "pipeline", "pod", "seen-pod", "sidecarset"],
    s3: [],
    "seen-pod": ["pod", "sidecarset"],
    sidecarset: ["pod"],
    suspension: ["drain", "manager"],
    templates: ["pod"],
  },
  testing: {
    [ROOT]: [],
  },
};

/** Folders of pure functions: no file, process or network modules. */
export const PURE: readonly string[] = [
  "kit/api",
  "kit/schema",
  "kit/patch",
  "kit/queue",
  "machinery/schema",
  "machinery/cel",
  "machinery/patch",
];

/** Engines work on rows of the table of kinds and name no kind themselves. */
export const ENGINES: readonly string[] = [
  "devcluster/server",
  "devcluster/store",
  "kit/cache",
  "kit/client",
  "kit/patch",
  "machinery/cel",
  "machinery/patch",
  "machinery/schema",
];

/** Files of engines that name kinds all the same: file → the names, and why. */
export const NAMED: Readonly<Record<string, readonly string[]>> = {
  // RBAC: a role binding's `roleRef` and `subjects` name these kinds, and granting roles has rules of its own.
  "packages/devcluster/src/server/authorize.ts": ["ClusterRole", "ServiceAccount"],
  "packages/devcluster/src/server/escalation.ts": ["ClusterRole", "roles"],
  // Paths: `/api/v1/namespaces/NAME/…` is both an object's path and a prefix, and a namespace is in itself for authorization.
  "packages/devcluster/src/server/request-info.ts": ["namespaces"],
  "packages/devcluster/src/server/resource-handler.ts": ["namespaces"],
  // `POST …/bindings` does what `POST …/pods/NAME/binding` does.
  "packages/devcluster/src/server/subresources/index.ts": ["bindings"],
};
