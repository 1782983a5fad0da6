/** Where `pods/log` comes from: the kubelet registers itself as the source when it starts. */
export interface LogSource {
  /** Lines of one container, oldest first; ends unless `follow`. Throws a `StatusError` when there are none to give. */
  logs(request: LogRequest): AsyncIterable<string>;
}
export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceSeconds?: number;
  readonly sinceTime?: string;
  readonly signal: AbortSignal;
}
