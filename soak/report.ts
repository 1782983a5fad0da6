const MIB = 2 ** 20;

/** Checks and figures of a run. */
export class Report {
  readonly heap: { readonly at: number; readonly used: number }[] = [];
  readonly #errors = new Map<string, { count: number; message: string }>();
  #passed = 0;
  #failed = 0;

  error(code: string, message: string): void {
    const known = this.#errors.get(code);
    if (known) known.count++;
    else this.#errors.set(code, { count: 1, message });
  }

  check(what: string, problems: readonly string[]): void {
    if (problems.length === 0) {
      this.#passed++;
      console.log(`ok: ${what}`);
      return;
    }
    this.#failed++;
    console.log(
      `FAILED: ${what}\n${problems
        .slice(0, 5)
        .map((problem) => `  ${problem}\n`)
        .join("")}${problems.length > 5 ? `  … ${problems.length} in all` : ""}`,
    );
  }

  /** The middle heap of the second quarter of the run against that of the last. */
  growth(durationMs: number): string[] {
    const middle = (from: number, to: number): number => {
      const used = this.heap
        .filter(({ at }) => at >= from && at < to)
        .map((one) => one.used)
        .sort((a, b) => a - b);
      return used[used.length >> 1] ?? 0;
    };
    const early = middle(durationMs / 4, durationMs / 2);
    const late = middle((durationMs * 3) / 4, durationMs);
    return late > early * 1.1 + 4 * MIB ? [`from ${(early / MIB).toFixed(1)} to ${(late / MIB).toFixed(1)} MiB`] : [];
  }

  /** Errors that no disturbance explains. */
  strange(): string[] {
    const expected =
      /^(ERR_(CONNECTION|EXPIRED|TOO_MANY_REQUESTS|INTERNAL|SERVER_TIMEOUT|SERVICE_UNAVAILABLE|HANDLER_BEHIND)|Error$|ERR_STATUS)/;
    return [...this.#errors].filter(([code]) => !expected.test(code)).map(([code, { count, message }]) => `${count} × ${code}: ${message}`);
  }

  figures(): string {
    const mib = this.heap.map(({ used }) => used / MIB);
    const errors = [...this.#errors].sort((a, b) => b[1].count - a[1].count).map(([code, { count }]) => `${code} ${count}`);
    const at = (share: number): string => (mib[Math.floor((mib.length - 1) * share)] ?? 0).toFixed(1);
    return `heap of the informers' process: ${at(0)}, ${at(0.25)}, ${at(0.5)}, ${at(0.75)}, ${at(1)} MiB at the quarters, most ${Math.max(0, ...mib).toFixed(1)}\nerrors that informers reported: ${errors.join(", ")}`;
  }

  /** Prints the last line; the exit code. */
  end(): number {
    console.log(`soak: ${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 ? 0 : 1;
  }
}
