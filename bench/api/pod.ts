/** A running pod of about 4 KiB as a real API server sends it, managed fields and all. */
export function pod(index: number): object {
  const number = String(index).padStart(6, "0");
  const name = `web-${((index * 2654435761) % 0xffffffff).toString(16).padStart(8, "0")}-${number}`;
  const uid = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
  const time = "2026-01-15T08:00:00Z";
  const ip = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const node = `node-${index % 100}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: "web-6d4cf56db6-",
      namespace: `team-${index % 50}`,
      uid,
      resourceVersion: String(1_000_000 + index),
      generation: 1,
      creationTimestamp: time,
      labels: {
        app: "web",
        "pod-template-hash": "6d4cf56db6",
        "app.kubernetes.io/part-of": "shop",
        track: index % 10 ? "stable" : "canary",
      },
      annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "9090", "checksum/config": uid.repeat(2) },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: "web-6d4cf56db6",
          uid: "7c1e5cbe-0000-4000-8000-1f2d3c4b5a69",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [
        {
          manager: "kube-controller-manager",
          operation: "Update",
          apiVersion: "v1",
          time,
          fieldsType: "FieldsV1",
          fieldsV1: {
            "f:metadata": {
              "f:annotations": { ".": {}, "f:checksum/config": {}, "f:prometheus.io/port": {}, "f:prometheus.io/scrape": {} },
              "f:generateName": {},
              "f:labels": { ".": {}, "f:app": {}, "f:pod-template-hash": {}, "f:track": {} },
              "f:ownerReferences": { ".": {}, 'k:{"uid":"7c1e5cbe-0000-4000-8000-1f2d3c4b5a69"}': {} },
            },
            "f:spec": {
              "f:containers": {
                'k:{"name":"web"}': {
                  ".": {},
                  "f:env": { ".": {}, 'k:{"name":"REGION"}': { ".": {}, "f:name": {}, "f:value": {} } },
                  "f:image": {},
                  "f:ports": {},
                  "f:resources": {},
                },
              },
              "f:dnsPolicy": {},
              "f:restartPolicy": {},
            },
          },
        },
        {
          manager: "kubelet",
          operation: "Update",
          apiVersion: "v1",
          time,
          fieldsType: "FieldsV1",
          fieldsV1: {
            "f:status": {
              "f:conditions": { 'k:{"type":"Ready"}': { ".": {}, "f:status": {}, "f:type": {} } },
              "f:phase": {},
              "f:podIP": {},
              "f:startTime": {},
            },
          },
          subresource: "status",
        },
      ],
    },
    spec: {
      volumes: [
        {
          name: "kube-api-access",
          projected: {
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
              { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
            ],
            defaultMode: 420,
          },
        },
        { name: "config", configMap: { name: "web-config", defaultMode: 420 } },
      ],
      containers: [
        {
          name: "web",
          image: "registry.example.com/shop/web:1.42.0",
          ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
          env: [
            { name: "REGION", value: "eu-west-1" },
            { name: "POD_IP", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } } },
          ],
          resources: { limits: { cpu: "500m", memory: "512Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
          volumeMounts: [
            { name: "config", mountPath: "/etc/web" },
            { name: "kube-api-access", readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
          ],
          readinessProbe: {
            httpGet: { path: "/healthz", port: "http", scheme: "HTTP" },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          imagePullPolicy: "IfNotPresent",
        },
      ],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "default",
      serviceAccount: "default",
      nodeName: node,
      securityContext: {},
      schedulerName: "default-scheduler",
      tolerations: [
        { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
        { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
      ],
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
    },
    status: {
      phase: "Running",
      conditions: ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
        type,
        status: "True",
        lastProbeTime: null,
        lastTransitionTime: time,
      })),
      hostIP: "192.168.1.10",
      podIP: ip,
      podIPs: [{ ip }],
      startTime: time,
      containerStatuses: [
        {
          name: "web",
          state: { running: { startedAt: time } },
          lastState: {},
          ready: true,
          restartCount: 0,
          image: "registry.example.com/shop/web:1.42.0",
          imageID: `registry.example.com/shop/web@sha256:${"0123456789abcdef".repeat(4)}`,
          containerID: `containerd://${uid.replaceAll("-", "")}${"0".repeat(32)}`,
          started: true,
        },
      ],
      qosClass: "Burstable",
    },
  };
}

interface Injectable {
  readonly metadata: { readonly annotations: Record<string, string> };
  readonly spec: { readonly containers: { readonly name: string }[] };
  readonly status: { readonly containerStatuses: { readonly name: string }[] };
}

/** The pod with a sidecar and the annotations that its SidecarSet leaves. */
export function injected(pod: Injectable): object {
  const hash = JSON.stringify({
    log: {
      updateTimestamp: "2026-01-15T08:00:00Z",
      hash: "f57dcz85b5c9w4zxz57b74c5v67vcz5xd4f96fx4w7f8w8c7zfx4f6bb",
      sidecarSetName: "log",
      sidecarList: ["log"],
      controllerRevision: "log-5f8c7d9b6",
    },
  });
  Object.assign(pod.metadata.annotations, {
    "kruise.io/sidecarset-hash": hash,
    "kruise.io/sidecarset-hash-without-image": hash,
    "kruise.io/sidecarset-injected-list": "log",
    "outrigger.dev/injection": JSON.stringify([{ rule: "SidecarSet/log", action: "applied", reason: "Matched", containers: ["log"] }]),
  });
  pod.spec.containers.push({ ...pod.spec.containers[0]!, name: "log" });
  pod.status.containerStatuses.push({ ...pod.status.containerStatuses[0]!, name: "log" });
  return pod;
}
