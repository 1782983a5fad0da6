import { promisify } from "node:util";
import { gunzip } from "node:zlib";

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

/** `sinceTime` in the form of `LogLine.time`: lines from this time on come again. */
export function sinceLineTime(latest: string): string {
  return sinceTime(latest).replace("Z", ".000000000Z");
}

/** The latest time of some lines, which may be out of order; empty where there are none. */
export function latestTime(lines: readonly LogLine[]): string {
  return lines.reduce((latest, { time }) => (time > latest ? time : latest), "");
}

/** The whole lines of a text: what is behind the last line feed is left out. */
export function linesOf(text: string): LogLine[] {
  const end = text.lastIndexOf("\n");
  if (end === -1) return [];
  return text
    .slice(0, end)
    .split("\n")
    .flatMap((line) => parseLine(line) ?? []);
}

/** The lines of a compressed file or object. */
export async function unpackLines(packed: Buffer): Promise<LogLine[]> {
  return linesOf((await promisify(gunzip)(packed)).toString("utf8"));
}

/** How many whole lines a text has. */
export function countLines(text: Buffer): number {
  let lines = 0;
  for (let at = text.indexOf(10); at !== -1; at = text.indexOf(10, at + 1)) lines++;
  return lines;
}
