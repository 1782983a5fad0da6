export function customResources(_options: unknown): { stop(): void } {
  return { stop() {} };
}
