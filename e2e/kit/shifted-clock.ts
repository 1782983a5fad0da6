// Preloaded into a program (`--import`), this moves its time of day, in every thread, by the milliseconds that stand in
// the file which CLOCK_OFFSET_FILE names, from the moment they stand there.
import { readFileSync } from "node:fs";

const file = process.env["CLOCK_OFFSET_FILE"];
const trueNow = Date.now.bind(Date);
const TrueDate = Date;
let offset = 0;
let readAt = Number.NEGATIVE_INFINITY;

function shiftedNow(): number {
  if (file !== undefined && performance.now() - readAt > 20) {
    readAt = performance.now();
    offset = Number(readFileSync(file, "utf8")) || 0;
  }
  return trueNow() + offset;
}

globalThis.Date = class extends TrueDate {
  constructor(...given: [] | [string | number | Date]) {
    super(...((given.length === 0 ? [shiftedNow()] : given) as [number]));
  }
  static override now(): number {
    return shiftedNow();
  }
} as DateConstructor;
