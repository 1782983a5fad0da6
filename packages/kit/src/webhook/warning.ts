/** Says what failed where nobody else was named to hear of it. */
export function warnOf(error: unknown, where: string): void {
  process.emitWarning(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, { type: "WebhookWarning" });
}
