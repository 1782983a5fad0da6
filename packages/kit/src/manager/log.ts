import { createRequire } from "node:module";
import { hostname } from "node:os";
import { styleText } from "node:util";
import { causes, type Log } from "../controller/index.ts";

/** What is written: this level and those after it. */
export type LogLevel = "debug" | "info" | "warn" | "error";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
/** Keys of a line that are the log's own: a field of such a name gets an underscore, since JSON readers keep one of two. */
const OWN = new Set(["level", "time", "msg", "pid", "hostname", "logger"]);

type Write = (level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string | undefined) => void;

/** What a program logs with where it says nothing: readable lines on a terminal, JSON lines elsewhere. */
export function defaultLog(name: string, level: LogLevel = "info"): Log {
  return process.stdout.isTTY ? terminalLog(name, level) : jsonLog(name, level);
}

/** JSON lines on standard output by pino, which is loaded on the first line written. No key comes twice in a line. */
export function jsonLog(name: string, level: LogLevel = "info"): Log {
  let made: { [L in LogLevel]: (fields: object, message?: string) => void } | undefined;
  return logOf(level, (at, fields, message) => {
    if (!made) {
      const { pino, stdSerializers } = createRequire(import.meta.url)("pino") as typeof import("pino");
      made = pino({
        base: { pid: process.pid, hostname: hostname(), logger: name },
        level,
        serializers: { err: stdSerializers.err },
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
      }) as never;
    }
    made![at](fields, message);
  });
}

/** Lines for people: time, level, what happened, and the fields as `key=value`; an error's stack below its line. */
export function terminalLog(
  name: string,
  level: LogLevel = "info",
  out: Pick<NodeJS.WriteStream, "write"> & { readonly isTTY?: boolean } = process.stdout,
): Log {
  const colored = out.isTTY === true && !process.env["NO_COLOR"];
  const paint = (at: LogLevel, text: string): string =>
    colored ? styleText(({ debug: "gray", info: "green", warn: "yellow", error: "red" } as const)[at], text) : text;
  return logOf(level, (at, { err, ...fields }, message) => {
    const time = new Date().toISOString().slice(11, 23);
    const texts = Object.entries(fields).map(([key, value]) => `${key}=${shown(value)}`);
    const what = [message, err === undefined ? "" : causes(err)].filter(Boolean).join(": ");
    const stack = err instanceof Error ? stackOf(err) : "";
    out.write(`${time} ${paint(at, at.toUpperCase().padEnd(5))} ${[`${name}: ${what}`, ...texts].join("  ")}\n${stack}`);
  });
}

function logOf(level: LogLevel, write: Write, always: Readonly<Record<string, unknown>> = {}): Log {
  const at = (one: LogLevel): Log["info"] =>
    LEVELS.indexOf(one) < LEVELS.indexOf(level) ? () => {} : (fields, message) => write(one, { ...always, ...own(fields) }, message);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => logOf(level, write, { ...always, ...own(fields) }),
  };
}

function own(fields: object): Record<string, unknown> {
  if (fields instanceof Error) return { err: fields };
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [OWN.has(key) ? `${key}_` : key, value]));
}

function shown(value: unknown): string {
  if (typeof value === "string") return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

/** The frames, without the message, which the line has. */
function stackOf({ stack = "" }: Error): string {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return frames.length === 0 ? "" : `${frames.join("\n")}\n`;
}
