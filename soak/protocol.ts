/** What the process with the informers tells the one that writes, disturbs and judges. */
export type FromWatcher =
  | { readonly type: "ready" }
  /** What handlers were told, in order. */
  | { readonly type: "records"; readonly records: readonly Record[] }
  /** Heap after a collection, bytes. */
  | { readonly type: "heap"; readonly used: number }
  /** An error that an informer reported, by its class or code. */
  | { readonly type: "error"; readonly code: string; readonly message: string }
  /** The stores as they are: by informer, `namespace/name` → version, and an index's answers. */
  | { readonly type: "stores"; readonly stores: readonly StoreState[] };
export type ToWatcher = { readonly type: "late" } | { readonly type: "stores" } | { readonly type: "stop" };

/** Handler, what, `namespace/name`, uid, version, sequence, color, version before, version that the store had at that moment, time. */
export type Record = readonly [
  number,
  "add" | "update" | "delete" | "synced",
  string,
  string,
  string,
  number,
  string,
  string,
  string,
  number,
];

export interface StoreState {
  /** Key → version and sequence. */
  readonly objects: { readonly [key: string]: string };
  /** Color → keys, from the index. */
  readonly byColor: { readonly [color: string]: readonly string[] };
  readonly synced: boolean;
}
