export async function startLoops(..._args: unknown[]): Promise<() => Promise<void>> {
  return async () => {};
}
