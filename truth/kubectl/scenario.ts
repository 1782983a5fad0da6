import { readdirSync, readFileSync } from "node:fs";

type Field = "exit" | "stdout" | "stderr";

export interface RecordedCommand {
  /** Seconds to wait before it. */
  readonly sleep?: number;
  /** For `bash -c`. */
  readonly cmd: string;
  readonly stdin?: string;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The masked text varied between two recordings with one version. */
  readonly unstable?: boolean;
  /** What varied is only the order of the lines. */
  readonly unstableOrderOnly?: boolean;
}

/** Commands that were run with a real cluster, and what they printed, masked (../../shared/k8s/kubectl/README.md). */
export interface KubectlScenario {
  readonly name: string;
  readonly namespace: string;
  readonly base: string;
  readonly versions: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly commands: readonly RecordedCommand[];
  /** Version → index of a command → what differs from the base. */
  readonly differs?: Readonly<Record<string, Readonly<Record<string, Partial<Pick<RecordedCommand, Field>>>>>>;
}

const folder = new URL("../data/kubectl/", import.meta.url);

export function recordedScenarios(): KubectlScenario[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as KubectlScenario);
}

/** What a version printed; the newest that was recorded stands in for one that was not. */
export function expectedOf(scenario: KubectlScenario, index: number, version: string): Pick<RecordedCommand, Field> {
  const { exit, stdout, stderr } = scenario.commands[index]!;
  return { exit, stdout, stderr, ...scenario.differs?.[version]?.[index] };
}
