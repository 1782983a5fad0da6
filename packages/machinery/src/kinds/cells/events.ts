import { name, type Printer, type Printers, printer, since } from "./printer.ts";

/** An event as both groups write it: what is new in `events.k8s.io` has other names, and the old fields are deprecated ones. */
interface AnyEvent {
  readonly metadata?: { readonly name?: string; readonly creationTimestamp?: string };
  readonly type?: string;
  readonly reason?: string;
  readonly involvedObject?: Reference;
  readonly regarding?: Reference;
  readonly message?: string;
  readonly note?: string;
  readonly source?: Source;
  readonly deprecatedSource?: Source;
  readonly reportingComponent?: string;
  readonly reportingController?: string;
  readonly reportingInstance?: string;
  readonly firstTimestamp?: string | null;
  readonly deprecatedFirstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly deprecatedLastTimestamp?: string | null;
  readonly count?: number;
  readonly deprecatedCount?: number;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string | null };
}
interface Reference {
  readonly kind?: string;
  readonly name?: string;
  readonly fieldPath?: string;
}
interface Source {
  readonly component?: string;
  readonly host?: string;
}

const event: Printer = printer<AnyEvent>((object, now) => {
  const about = object.involvedObject ?? object.regarding ?? {};
  const source = object.source ?? object.deprecatedSource ?? {};
  const component = source.component || object.reportingComponent || object.reportingController || "";
  const instance = source.host || object.reportingInstance || "";
  const kind = (about.kind ?? "").toLowerCase();
  const first = since(object.firstTimestamp || object.deprecatedFirstTimestamp || object.eventTime, now);
  const lastTime = object.lastTimestamp || object.deprecatedLastTimestamp;
  const last = lastTime ? since(lastTime, now) : first;
  return [
    object.series ? since(object.series.lastObservedTime, now) : last,
    object.type ?? "",
    object.reason ?? "",
    about.name ? `${kind}/${about.name}` : kind,
    about.fieldPath ?? "",
    instance ? `${component}, ${instance}` : component,
    (object.message ?? object.note ?? "").trim(),
    first,
    object.series ? (object.series.count ?? 0) : object.count || object.deprecatedCount || 1,
    name(object),
  ];
});

export const eventCells: Printers = { "/Event": event, "events.k8s.io/Event": event };
