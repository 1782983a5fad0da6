// What Kubernetes fills into pods and their parts (pkg/apis/core/v1/defaults.go).

import { imageTag } from "./image-name.ts";
import { type Json, list } from "./json.ts";
import { defaultPodResources } from "./pod-resources.ts";

/** `Always` for an image without a tag or with `latest`; a digest counts as a tag, and a name that cannot be read too. */
export function imagePullPolicy(image: string): "Always" | "IfNotPresent" {
  return imageTag(image) === "latest" ? "Always" : "IfNotPresent";
}

export interface ContainerDefaults {
  /** Leave startup probes and the service of gRPC probes as they are. */
  readonly asInSidecarSet?: boolean;
}

/** Fills a container in, in place. */
export function defaultContainer(container: Json, options: ContainerDefaults = {}): void {
  container["resources"] ??= {};
  container["terminationMessagePath"] ||= "/dev/termination-log";
  container["terminationMessagePolicy"] ||= "File";
  container["imagePullPolicy"] ||= imagePullPolicy(container["image"] ?? "");
  for (const port of list(container["ports"])) port["protocol"] ||= "TCP";
  for (const { valueFrom } of list(container["env"])) {
    if (!valueFrom) continue;
    if (valueFrom.fieldRef) valueFrom.fieldRef.apiVersion ||= "v1";
    if (valueFrom.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= "0";
    if (valueFrom.fileKeyRef) valueFrom.fileKeyRef.optional ??= false;
  }
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    if (container[name] && !(options.asInSidecarSet && name === "startupProbe")) defaultProbe(container[name] as Json, options);
  }
  for (const handler of [container["lifecycle"]?.postStart, container["lifecycle"]?.preStop]) if (handler) defaultHandler(handler as Json);
}

function defaultProbe(probe: Json, options: ContainerDefaults): void {
  probe["timeoutSeconds"] ||= 1;
  probe["periodSeconds"] ||= 10;
  probe["successThreshold"] ||= 1;
  probe["failureThreshold"] ||= 3;
  if (probe["grpc"] && !options.asInSidecarSet) probe["grpc"].service ??= "";
  defaultHandler(probe);
}

function defaultHandler(handler: Json): void {
  if (!handler["httpGet"]) return;
  handler["httpGet"].path ||= "/";
  handler["httpGet"].scheme ||= "HTTP";
}

/** Fills volumes in, in place: one without a source is an emptyDir. */
export function defaultVolumes(volumes: Json[]): Json[] {
  for (const volume of volumes) {
    if (Object.keys(volume).length === 1 && volume["name"] !== undefined) volume["emptyDir"] = {};
    for (const source of ["configMap", "secret", "projected", "downwardAPI"]) if (volume[source]) volume[source].defaultMode ??= 0o644;
    if (volume["hostPath"]) volume["hostPath"].type ??= "";
    if (volume["iscsi"]) volume["iscsi"].iscsiInterface ||= "default";
    if (volume["rbd"]) {
      volume["rbd"].pool ||= "rbd";
      volume["rbd"].user ||= "admin";
      volume["rbd"].keyring ||= "/etc/ceph/keyring";
    }
    if (volume["azureDisk"]) {
      volume["azureDisk"].cachingMode ??= "ReadWrite";
      volume["azureDisk"].kind ??= "Shared";
      volume["azureDisk"].fsType ??= "ext4";
      volume["azureDisk"].readOnly ??= false;
    }
    if (volume["scaleIO"]) {
      volume["scaleIO"].storageMode ||= "ThinProvisioned";
      volume["scaleIO"].fsType ||= "xfs";
    }
    if (volume["ephemeral"]?.volumeClaimTemplate?.spec) volume["ephemeral"].volumeClaimTemplate.spec.volumeMode ??= "Filesystem";
    if (volume["image"]) volume["image"].pullPolicy ||= imagePullPolicy(volume["image"].reference ?? "");
    const projected = list(volume["projected"]?.sources);
    for (const source of projected) if (source["serviceAccountToken"]) source["serviceAccountToken"].expirationSeconds ??= 3600;
    for (const item of [...list(volume["downwardAPI"]?.items), ...projected.flatMap((source) => list(source["downwardAPI"]?.items))]) {
      if (item["fieldRef"]) item["fieldRef"].apiVersion ||= "v1";
      if (item["resourceFieldRef"]) item["resourceFieldRef"].divisor ??= "0";
    }
  }
  return volumes;
}

/** Fills a pod's spec in, in place, as it stands in a template. */
export function defaultPodSpec(spec: Json): void {
  spec["dnsPolicy"] ||= "ClusterFirst";
  spec["restartPolicy"] ||= "Always";
  spec["securityContext"] ??= {};
  spec["terminationGracePeriodSeconds"] ??= 30;
  spec["schedulerName"] ||= "default-scheduler";
  // The old name of the field and the new one say the same; the new one wins.
  const account = (spec["serviceAccountName"] || spec["serviceAccount"]) as string | undefined;
  if (account) {
    spec["serviceAccountName"] = account;
    spec["serviceAccount"] = account;
  }
  for (const container of containersOf(spec)) defaultContainer(container);
  if (Array.isArray(spec["volumes"])) defaultVolumes(spec["volumes"] as Json[]);
}

/** What a pod gets beyond its template's defaults: limits stand in for requests, links are on, ports of the host are named. */
export function defaultPod(pod: Json): void {
  pod["spec"] ??= {};
  const spec = pod["spec"] as Json;
  defaultPodSpec(spec);
  spec["enableServiceLinks"] ??= true;
  if ((spec["terminationGracePeriodSeconds"] as number) < 0) spec["terminationGracePeriodSeconds"] = 1;
  defaultPodResources(spec);
  if (spec["hostNetwork"] === true)
    for (const container of [...list(spec["containers"]), ...list(spec["initContainers"])])
      for (const port of list(container["ports"])) if (port["containerPort"]) port["hostPort"] ||= port["containerPort"];
  defaultAddresses(pod["status"] as Json | undefined);
}

/** The one address and the list of addresses agree; where they do not, the one is right. */
function defaultAddresses(status: Json | undefined): void {
  if (!status) return;
  const { podIP, podIPs } = status;
  if (podIP && podIPs?.[0]?.ip !== podIP) status["podIPs"] = [{ ip: podIP }];
  else if (!podIP && podIPs?.[0]?.ip) status["podIP"] = podIPs[0].ip;
}

function containersOf(spec: Json): Json[] {
  return [...list(spec["containers"]), ...list(spec["initContainers"]), ...list(spec["ephemeralContainers"])];
}
