import { LongTimer } from "@outrigger/kit/queue";
import type { Container, Pod } from "../objects/index.ts";
import { type ConfigurationReader, configurationProblem, mountProblem, needsConfiguration } from "./configuration.ts";
import { type ContainerRun, end, resolvedImage, restoredRun, start, wait, waitingRun } from "./container-run.ts";
import { isInitialized, isSidecar, phaseOf, podStatus } from "./pod-status.ts";
import { failingProbe, failureText, failureTimes } from "./probes.ts";
import { type ImageStage, imageStage, type Stages } from "./stages.ts";

/** What a pod needs of its node. */
export interface PodHost {
  readonly stages: Stages;
  readonly hostIP: string;
  takeAddress(): string;
  releaseAddress(address: string): void;
  /** The pod's status changed and is to be reported. */
  changed(runner: PodRunner): void;
  /** What `find` finds missing for a pod in the cluster. */
  problem(find: (reader: ConfigurationReader) => Promise<string | undefined>): Promise<string | undefined>;
  event(pod: Pod, type: "Normal" | "Warning", reason: string, message: string, container?: string): void;
  /** The pod has stopped: it may go. */
  stopped(runner: PodRunner): void;
}

/** The exit code of what is killed by signal 9. */
const KILLED = 137;
const time = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");

/**
 * One pod on the node, going through its stages. Between stages it holds no timer and costs no time.
 */
export class PodRunner {
  pod: Pod;
  readonly runs = new Map<string, ContainerRun>();
  readonly #host: PodHost;
  readonly #timers = new Map<string, LongTimer>();
  readonly #startTime: string;
  #sandbox = false;
  #address: string | undefined;
  #stopping = false;
  /** Containers whose configuration is being looked for. */
  readonly #checking = new Set<string>();

  constructor(pod: Pod, host: PodHost) {
    this.pod = pod;
    this.#host = host;
    this.#startTime = (pod.status?.startTime as string | undefined) ?? time();
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    for (const known of pod.status?.ephemeralContainerStatuses ?? []) this.runs.set(known.name, restoredRun(known));
    const reason = pod.spec.initContainers?.length ? "PodInitializing" : "ContainerCreating";
    for (const { name } of this.#all()) {
      const known = statuses.find((status) => status.name === name);
      this.runs.set(name, known ? restoredRun(known) : waitingRun(reason));
    }
    if (statuses.some(({ containerID }) => containerID)) {
      this.#sandbox = true;
      this.#address = pod.status?.podIP;
    }
  }

  get address(): string | undefined {
    return this.#address;
  }
  get stopping(): boolean {
    return this.#stopping;
  }
  /** All containers have ended for good. */
  get over(): boolean {
    const phase = phaseOf(this.pod, this.runs);
    return phase === "Succeeded" || phase === "Failed";
  }
  /** @param pod the state that the status is to follow. */
  status(pod: Pod): object {
    return podStatus(
      pod,
      { runs: this.runs, sandbox: this.#sandbox, ip: this.#address, hostIP: this.#host.hostIP, startTime: this.#startTime },
      time(),
    );
  }

  begin(): void {
    if (this.#sandbox) {
      this.#advance();
      return;
    }
    this.#host.changed(this);
    this.#after("sandbox", this.#host.stages.sandboxMs, () => this.#mount());
  }

  /** Waits until all that the volumes name is there, then opens the sandbox. */
  #mount(): void {
    if (!this.pod.spec.volumes?.length) {
      this.#open();
      return;
    }
    void this.#host
      .problem((reader) => mountProblem(this.pod, reader))
      .then((problem) => {
        if (this.#stopping) return;
        if (problem === undefined) {
          this.#open();
          return;
        }
        this.#host.event(this.pod, "Warning", "FailedMount", problem);
        this.#after("sandbox", this.#host.stages.missingMs, () => this.#mount());
      });
  }

  #open(): void {
    this.#sandbox = true;
    this.#address = this.pod.spec.hostNetwork ? this.#host.hostIP : this.#host.takeAddress();
    this.#advance();
    this.#startEphemeral();
  }

  /** The pod has another state in the API. */
  update(pod: Pod): void {
    const before = this.pod;
    this.pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.stop();
      return;
    }
    for (const { name } of this.#all()) if (!this.runs.has(name)) this.runs.set(name, waitingRun("ContainerCreating"));
    if (this.#sandbox) {
      for (const container of this.#all()) this.#followImage(container);
      this.#startEphemeral();
    }
    if (before.metadata.generation !== pod.metadata.generation || pod.spec.readinessGates?.length) this.#host.changed(this);
  }

  /** Ends the containers and lets the pod go, after its grace period at the latest. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.cancel();
    for (const { name } of this.#all()) {
      if (this.runs.get(name)?.state === "running") this.#host.event(this.pod, "Normal", "Killing", `Stopping container ${name}`, name);
    }
    const grace = (this.pod.metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds ?? 30;
    this.#after("stop", Math.min(this.#host.stages.stopMs, grace * 1000), () => {
      for (const run of this.runs.values()) if (run.state === "running") end(run, 0, time());
      this.#host.stopped(this);
    });
  }

  /** Drops what was to happen later. */
  cancel(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
  /** Gives the address back. */
  release(): void {
    this.cancel();
    if (this.#address && !this.pod.spec.hostNetwork) this.#host.releaseAddress(this.#address);
    this.#address = undefined;
  }

  #all(): readonly Container[] {
    return [...(this.pod.spec.initContainers ?? []), ...this.pod.spec.containers];
  }

  #isInit({ name }: Container): boolean {
    return this.pod.spec.initContainers?.some((init) => init.name === name) ?? false;
  }

  /** Starts whatever may start now; called whenever something started, ended or became ready. */
  #advance(): void {
    if (this.#stopping) return;
    for (const container of this.pod.spec.initContainers ?? []) {
      const run = this.runs.get(container.name)!;
      if (run.state === "waiting" && !this.#timers.has(container.name)) this.#start(container, run);
      if (run.state === "running" && isSidecar(container) && !run.ready && this.#timers.has(`${container.name} ready`)) return;
      if (!isInitialized(container, run)) return;
    }
    for (const container of this.pod.spec.containers) {
      const run = this.runs.get(container.name)!;
      if (run.state === "waiting" && !this.#timers.has(container.name)) this.#start(container, run);
      else if (run.state === "running" && !this.#timers.has(`${container.name} ready`) && !run.ready) this.#becomeReady(container, run);
    }
    if (this.over) this.#endSidecars();
  }

  #start(container: Container, run: ContainerRun): void {
    const { name, image = "" } = container;
    const stage = imageStage(this.#host.stages, image);
    if (stage?.pullFails) {
      this.#failPull(container, run);
      return;
    }
    if (!needsConfiguration(this.pod, container)) {
      this.#run(container, run, stage);
      return;
    }
    if (this.#checking.has(name)) return;
    this.#checking.add(name);
    void this.#host
      .problem((reader) => configurationProblem(this.pod, container, stage?.asRoot === true, reader))
      .then((problem) => {
        this.#checking.delete(name);
        if (this.#stopping || run.state !== "waiting") return;
        if (problem === undefined) {
          this.#run(container, run, stage);
          this.#advance();
        } else this.#failConfiguration(container, run, problem);
      });
  }

  /** Starts ephemeral containers that were added; they run until the pod ends, and never again. */
  #startEphemeral(): void {
    for (const { name, image = "" } of this.pod.spec.ephemeralContainers ?? []) {
      if (this.runs.has(name)) continue;
      const run = waitingRun("ContainerCreating");
      this.runs.set(name, run);
      this.#launch(name, image, run);
      this.#host.changed(this);
    }
  }

  #launch(name: string, image: string, run: ContainerRun): void {
    start(run, image, time());
    this.#pulled(name, image);
    this.#host.event(this.pod, "Normal", "Created", "Container created", name);
    this.#host.event(this.pod, "Normal", "Started", "Container started", name);
  }
  #pulled(name: string, image: string): void {
    this.#host.event(
      this.pod,
      "Normal",
      "Pulled",
      `Container image "${image}" already present on machine and can be accessed by the pod`,
      name,
    );
  }

  #failConfiguration({ name, image = "" }: Container, run: ContainerRun, problem: string): void {
    run.image = image;
    wait(run, "CreateContainerConfigError", problem);
    this.#pulled(name, image);
    this.#host.event(this.pod, "Warning", "Failed", `Error: ${problem}`, name);
    this.#host.changed(this);
    this.#after(name, this.#host.stages.missingMs, () => this.#restart(name));
  }

  #run(container: Container, run: ContainerRun, stage: ImageStage | undefined): void {
    const { name, image = "" } = container;
    const first = run.restarts < 0;
    this.#launch(name, image, run);
    const init = this.#isInit(container);
    const once = init ? !isSidecar(container) : (this.pod.spec.restartPolicy ?? "Always") !== "Always";
    if (stage?.exitCode !== undefined || once) {
      const ms = stage?.afterMs ?? (init ? this.#host.stages.initMs : this.#host.stages.jobMs);
      this.#after(name, ms, () => this.#ended(container, run, stage?.exitCode ?? 0));
    }
    const startup = failingProbe(container, stage, "startup");
    run.unstarted = startup !== undefined;
    this.#fail(container, run, "startup", startup);
    if (!startup) this.#fail(container, run, "liveness", failingProbe(container, stage, "liveness"));
    if (!init || isSidecar(container))
      this.#becomeReady(container, run, init && first ? this.#host.stages.sidecarMs : this.#host.stages.readyMs);
    this.#host.changed(this);
  }

  /** A probe fails: the first and the last failure that it may have are events, and the last one ends the container. */
  #fail(container: Container, run: ContainerRun, kind: "startup" | "liveness", probe: ReturnType<typeof failingProbe>): void {
    if (!probe) return;
    const { name } = container;
    const { first, last } = failureTimes(probe);
    const unhealthy = (): void => this.#host.event(this.pod, "Warning", "Unhealthy", failureText(kind, probe, this.#address ?? ""), name);
    const kill = (): void => {
      this.#drop(name);
      this.#host.event(this.pod, "Normal", "Killing", `Container ${name} failed ${kind} probe, will be restarted`, name);
      this.#ended(container, run, KILLED);
    };
    this.#after(`${name} probe`, first, () => {
      unhealthy();
      if (last === first) kill();
      else
        this.#after(`${name} probe`, last - first, () => {
          unhealthy();
          kill();
        });
    });
  }

  #becomeReady(container: Container, run: ContainerRun, ms = this.#host.stages.readyMs): void {
    if (run.unstarted) return;
    const probe = failingProbe(container, imageStage(this.#host.stages, container.image ?? ""), "readiness");
    if (probe) {
      if (!this.#timers.has(`${container.name} unready`))
        this.#after(`${container.name} unready`, failureTimes(probe).first, () =>
          this.#host.event(this.pod, "Warning", "Unhealthy", failureText("readiness", probe, this.#address ?? ""), container.name),
        );
      return;
    }
    if (ms === 0) {
      run.ready = true;
      return;
    }
    const { id } = run;
    this.#after(`${container.name} ready`, ms, () => {
      if (run.id !== id || run.state !== "running") return;
      run.ready = true;
      this.#host.changed(this);
      this.#advance();
    });
  }

  #ended(container: Container, run: ContainerRun, exitCode: number): void {
    end(run, exitCode, time());
    run.failures = exitCode === 0 ? 0 : run.failures + 1;
    const policy = isSidecar(container) ? "Always" : (this.pod.spec.restartPolicy ?? "Always");
    const init = this.#isInit(container);
    const again = exitCode === 0 ? policy === "Always" && !(init && !isSidecar(container)) : policy !== "Never";
    if (again) this.#backOff(container, run);
    this.#host.changed(this);
    this.#advance();
  }

  #backOff(container: Container, run: ContainerRun): void {
    const { name } = container;
    const { metadata } = this.pod;
    const { backOffMs, maxBackOffMs } = this.#host.stages;
    const ms = Math.min(backOffMs * 2 ** Math.max(0, run.failures - 1), maxBackOffMs);
    const who = `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
    wait(run, "CrashLoopBackOff", `back-off ${duration(ms)} restarting failed container=${name} pod=${who}`);
    this.#host.event(this.pod, "Warning", "BackOff", `Back-off restarting failed container ${name} in pod ${who}`, name);
    this.#after(name, ms, () => this.#restart(name));
  }

  #failPull(container: Container, run: ContainerRun): void {
    const { name, image = "" } = container;
    run.image = image;
    wait(run, "ErrImagePull", `failed to pull and unpack image "${resolvedImage(image)}": not found`);
    this.#host.event(this.pod, "Normal", "Pulling", `Pulling image "${image}"`, name);
    this.#host.event(this.pod, "Warning", "Failed", `Failed to pull image "${image}": not found`, name);
    this.#host.changed(this);
    this.#after(name, this.#host.stages.pullBackOffMs, () => {
      wait(run, "ImagePullBackOff", `Back-off pulling image "${image}"`);
      this.#host.changed(this);
      this.#after(name, this.#host.stages.maxBackOffMs, () => this.#restart(name));
    });
  }

  /** A container whose image changed is ended and started anew; one that could not be pulled is tried at once. */
  #followImage(container: Container): void {
    const { name, image = "" } = container;
    const run = this.runs.get(name);
    if (!run || run.image === "" || run.image === image || run.state === "ended") return;
    this.#drop(name);
    if (run.state === "running") {
      this.#host.event(this.pod, "Normal", "Killing", `Container ${name} definition changed, will be restarted`, name);
      end(run, 0, time());
    }
    wait(run, "ContainerCreating");
    run.failures = 0;
    run.image = image;
    this.#host.changed(this);
    this.#after(name, this.#host.stages.restartMs, () => this.#restart(name));
  }

  #restart(name: string): void {
    const container = this.#all().find((one) => one.name === name);
    const run = this.runs.get(name);
    if (!container || !run || run.state === "running") return;
    this.#start(container, run);
    this.#advance();
  }

  #endSidecars(): void {
    let ended = false;
    for (const container of (this.pod.spec.initContainers ?? []).filter(isSidecar)) {
      const run = this.runs.get(container.name)!;
      this.#drop(container.name);
      if (run.state !== "running") continue;
      end(run, 0, time());
      ended = true;
    }
    if (ended) this.#host.changed(this);
  }

  /** One thing to come for each name; a later one replaces it. */
  #after(name: string, ms: number, run: () => void): void {
    this.#timers.get(name)?.cancel();
    this.#timers.set(
      name,
      new LongTimer(() => {
        this.#timers.delete(name);
        run();
      }, ms),
    );
  }
  #drop(name: string): void {
    for (const key of [name, `${name} ready`, `${name} probe`, `${name} unready`]) {
      this.#timers.get(key)?.cancel();
      this.#timers.delete(key);
    }
  }
}

/** As Go prints durations: `10s`, `1m20s`. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
