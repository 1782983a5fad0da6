/** A program that prints an `ExecCredential` (client.authentication.k8s.io). */
export interface ExecCredentialSource {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether it may ask the person at the terminal: `Always` fails where there is none. */
  readonly interactiveMode: "Never" | "IfAvailable" | "Always";
  readonly installHint?: string;
  /** Given to the program in `KUBERNETES_EXEC_INFO` when the kubeconfig says `provideClusterInfo`. */
  readonly cluster?: object;
  /** Folder in which a relative command is looked up. */
  readonly folder: string;
  /** File and field of the kubeconfig, for messages. */
  readonly source: string;
  readonly field: string;
}
