/** What an event says beside its reason and message. */
export interface EventOptions {
  /** Default `Normal`. */
  readonly type?: "Normal" | "Warning";
  /** What was being done; core Events of Kubernetes' own controllers have none. */
  readonly action?: string;
  /** The part of the object that it is about: `spec.containers{app}`. */
  readonly fieldPath?: string;
}

/** The object that an Event is about: any, as it was read or as it will be written. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string | undefined;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

/** Takes Events to the API server, or nowhere. Never throws, never waits. */
export interface EventRecorder {
  event(about: EventSubject, reason: string, message: string, options?: EventOptions): void;
}

/** For an Event that a reconcile records. */
export interface ContextEventOptions extends EventOptions {
  /** The object that the Event is about. Default: the object under reconcile. */
  readonly about?: EventSubject;
}
