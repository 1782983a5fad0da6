/** One line of a container's log. */
export interface LogLine {
  /** RFC 3339 in UTC with nine digits after the second, so that times compare as texts. */
  readonly time: string;
  readonly text: string;
}

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) /;

/** Reads what the kubelet gives with `timestamps=true`; `undefined` where the line has no time: then the kubelet itself speaks. */
export function parseLine(raw: string): LogLine | undefined {
  const match = STAMP.exec(raw);
  if (!match) {
    // An empty line has no blank behind its time where something has trimmed it.
    return STAMP.test(`${raw} `) && !raw.includes(" ") ? parseLine(`${raw} `) : undefined;
  }
  const [head, seconds = "", fraction = "", zone = ""] = match;
  const utc = zone === "Z" ? seconds : new Date(`${seconds}${zone}`).toISOString().slice(0, 19);
  return { time: `${utc}.${fraction.padEnd(9, "0")}Z`, text: raw.slice(head.length) };
}

export function lineText({ time, text }: LogLine): string {
  return `${time} ${text}`;
}

/** From when to ask again after the latest line: the API server knows whole seconds, and lines of two streams may be stored out of order. */
export function sinceTime(latest: string): string {
  return new Date(Date.parse(`${latest.slice(0, 19)}Z`) - 1000).toISOString().replace(".000Z", "Z");
}
