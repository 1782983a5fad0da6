import { compileRules, defaultSidecarSet, type Pod, type Rules, type SidecarSet } from "@outrigger/operator";

/** 100 SidecarSets of which 3 match the pod below, each with one sidecar, a volume and a transferred variable. */
export function hundredSets(): SidecarSet[] {
  return Array.from({ length: 100 }, (_, index) =>
    defaultSidecarSet({
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name: `set-${String(index).padStart(3, "0")}` },
      spec: {
        selector: { matchLabels: { app: index % 33 === 0 && index < 99 ? "web" : `other-${index}` } },
        containers: [
          {
            name: `sidecar-${index}`,
            image: `registry.example.com/sidecar:${index}`,
            resources: { limits: { memory: "64Mi" }, requests: { cpu: "10m", memory: "32Mi" } },
            volumeMounts: [{ name: `logs-${index}`, mountPath: `/var/log/${index}` }],
            transferEnv: [{ sourceContainerName: "app", envName: "TZ" }],
          },
        ],
        volumes: [{ name: `logs-${index}`, emptyDir: {} }],
      },
    }),
  );
}

export function rules(): Rules {
  return compileRules({ sidecarSets: hundredSets() });
}

export function pod(index: number): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: "web-5d4f8c7b9d-",
      namespace: "default",
      labels: { app: "web", "pod-template-hash": "5d4f8c7b9d", n: String(index) },
    },
    spec: {
      containers: [
        {
          name: "app",
          image: "nginx:1.25",
          env: [
            { name: "TZ", value: "Asia/Shanghai" },
            { name: "A", value: "1" },
          ],
          ports: [{ containerPort: 80, protocol: "TCP" }],
          resources: { limits: { memory: "256Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          imagePullPolicy: "IfNotPresent",
          volumeMounts: [{ name: "kube-api-access-x7k2p", readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }],
        },
      ],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "default",
      securityContext: {},
      schedulerName: "default-scheduler",
      volumes: [
        {
          name: "kube-api-access-x7k2p",
          projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }] },
        },
      ],
    },
  } as unknown as Pod;
}

/** An AdmissionReview of such a pod, as an API server sends it. */
export function review(index: number): string {
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      namespace: "default",
      operation: "CREATE",
      userInfo: {
        username: "system:serviceaccount:kube-system:replicaset-controller",
        groups: ["system:serviceaccounts", "system:authenticated"],
      },
      object: pod(index),
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    },
  });
}
