import { type Fields, number, object, objects, text, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { httpHeaderNameProblems, portOrNameProblems, portProblems } from "./formats.ts";

/** @param gracePeriod The pod's, in seconds. */
export function findInProbes(found: Findings, container: Fields, gracePeriod: number | undefined, path: string): void {
  const liveness = object(container, "livenessProbe");
  if (liveness) {
    findInProbe(found, liveness, gracePeriod, `${path}.livenessProbe`);
    mustSucceedOnce(found, liveness, `${path}.livenessProbe`);
  }
  const readiness = object(container, "readinessProbe");
  if (readiness) {
    findInProbe(found, readiness, gracePeriod, `${path}.readinessProbe`);
    const grace = number(readiness, "terminationGracePeriodSeconds");
    if (grace !== undefined) {
      found.invalid(`${path}.readinessProbe.terminationGracePeriodSeconds`, grace, "must not be set for readinessProbes");
    }
  }
  const startup = object(container, "startupProbe");
  if (startup) {
    findInProbe(found, startup, gracePeriod, `${path}.startupProbe`);
    mustSucceedOnce(found, startup, `${path}.startupProbe`);
  }
}

function mustSucceedOnce(found: Findings, probe: Fields, path: string): void {
  const threshold = number(probe, "successThreshold") ?? 0;
  if (threshold !== 1) found.invalid(`${path}.successThreshold`, threshold, "must be 1");
}

function findInProbe(found: Findings, probe: Fields, gracePeriod: number | undefined, path: string): void {
  findInHandler(found, probe, gracePeriod, path, false);
  for (const field of ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]) {
    found.nonNegative(`${path}.${field}`, number(probe, field));
  }
  const grace = number(probe, "terminationGracePeriodSeconds");
  if (grace !== undefined && grace <= 0) found.invalid(`${path}.terminationGracePeriodSeconds`, grace, "must be greater than 0");
}

export function findInLifecycle(found: Findings, lifecycle: Fields | undefined, gracePeriod: number | undefined, path: string): void {
  for (const hook of ["postStart", "preStop"]) {
    const handler = object(lifecycle, hook);
    if (handler) findInHandler(found, handler, gracePeriod, `${path}.${hook}`, true);
  }
}

function findInHandler(found: Findings, handler: Fields, gracePeriod: number | undefined, path: string, hook: boolean): void {
  let chosen = false;
  for (const kind of ["exec", "httpGet", "tcpSocket", hook ? "sleep" : "grpc"]) {
    const action = object(handler, kind);
    if (!action) continue;
    if (chosen) found.forbidden(`${path}.${kind}`, "may not specify more than 1 handler type");
    else findInAction(found, kind, action, gracePeriod, `${path}.${kind}`);
    chosen = true;
  }
  if (!chosen) found.required(path, "must specify a handler type");
}

function findInAction(found: Findings, kind: string, action: Fields, gracePeriod: number | undefined, path: string): void {
  switch (kind) {
    case "exec":
      if (texts(action, "command").length === 0) found.required(`${path}.command`);
      return;
    case "httpGet": {
      if (text(action, "path") === "") found.required(`${path}.path`);
      found.invalidEach(`${path}.port`, action["port"], portOrNameProblems(action["port"]));
      const scheme = text(action, "scheme");
      if (scheme !== "HTTP" && scheme !== "HTTPS") found.notSupported(`${path}.scheme`, scheme, ["HTTP", "HTTPS"]);
      for (const header of objects(action, "httpHeaders")) {
        const name = text(header, "name");
        found.invalidEach(`${path}.httpHeaders`, name, httpHeaderNameProblems(name));
      }
      return;
    }
    case "tcpSocket":
      found.invalidEach(`${path}.port`, action["port"], portOrNameProblems(action["port"]));
      return;
    case "grpc":
      found.invalidEach(`${path}.port`, number(action, "port") ?? 0, portProblems(number(action, "port") ?? 0));
      return;
    default: {
      const seconds = number(action, "seconds") ?? 0;
      if (gracePeriod !== undefined && (seconds < 0 || seconds > gracePeriod)) {
        found.invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`);
      }
    }
  }
}
