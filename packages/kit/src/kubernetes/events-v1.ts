// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as core from "./core-v1.ts";
import type * as meta from "./meta-v1.ts";

export interface Event { action?: string; apiVersion?: "events.k8s.io/v1"; deprecatedCount?: number; deprecatedFirstTimestamp?: meta.Time; deprecatedLastTimestamp?: meta.Time; deprecatedSource?: core.EventSource; eventTime: meta.MicroTime; kind?: "Event"; metadata?: meta.ObjectMeta; note?: string; reason?: string; regarding?: core.ObjectReference; related?: core.ObjectReference; reportingController?: string; reportingInstance?: string; series?: EventSeries; type?: string }
export interface EventSeries { count: number; lastObservedTime: meta.MicroTime }
