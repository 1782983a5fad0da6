/** Structured logging as pino does it: fields first, then the text. */
export interface Log {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  child(fields: object): Log;
}

/** Says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };

/** An error's message with those of its causes: `the caches did not sync: the watch was refused: Forbidden`. */
export function causes(error: unknown): string {
  const messages: string[] = [];
  for (let one: unknown = error, depth = 0; one !== undefined && one !== null && depth < 8; depth++) {
    const message = one instanceof Error ? one.message || one.name : String(one);
    if (!messages.some((before) => before.includes(message))) messages.push(message);
    one = one instanceof Error ? one.cause : undefined;
  }
  return messages.join(": ");
}
