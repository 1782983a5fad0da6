const CONTEXT = 3;

type Line = readonly [mark: " " | "-" | "+", text: string];

/** A unified diff as `diff -u` prints it; "" where nothing differs. */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return "";
  const lines = diffLines(split(before), split(after));
  const changed = lines.flatMap(([mark], index) => (mark === " " ? [] : [index]));
  const hunks: [from: number, to: number][] = [];
  for (const index of changed) {
    const last = hunks.at(-1);
    if (last && index - CONTEXT <= last[1]) last[1] = index + CONTEXT + 1;
    else hunks.push([index - CONTEXT, index + CONTEXT + 1]);
  }
  const name = file === "-" ? "stdin" : file.replace(/^\//, "");
  let text = `--- a/${name}\n+++ b/${name}\n`;
  let [at, oldLine, newLine] = [0, 1, 1];
  for (const [start, end] of hunks) {
    const from = Math.max(start, 0);
    for (; at < from; at++) [oldLine, newLine] = [oldLine + 1, newLine + 1];
    const hunk = lines.slice(from, end);
    const count = (other: string): number => hunk.filter(([mark]) => mark !== other).length;
    const [oldCount, newCount] = [count("+"), count("-")];
    text += `@@ -${range(oldLine, oldCount)} +${range(newLine, newCount)} @@\n`;
    for (const [mark, line] of hunk) text += line.endsWith("\n") ? mark + line : `${mark}${line}\n\\ No newline at end of file\n`;
    oldLine += oldCount;
    newLine += newCount;
    at = from + hunk.length;
  }
  return text;
}

function range(line: number, count: number): string {
  return count === 1 ? `${line}` : `${count === 0 ? line - 1 : line},${count}`;
}

function split(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}

/** The shortest edit (Myers 1986), behind what both have in common at the ends. */
function diffLines(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const middle = shortest(before.slice(start, before.length - end), after.slice(start, after.length - end));
  const same = (line: string): Line => [" ", line];
  return [...before.slice(0, start).map(same), ...middle, ...before.slice(before.length - end).map(same)];
}

function shortest(a: readonly string[], b: readonly string[]): Line[] {
  let furthest = new Map<number, number>([[1, 0]]);
  const traces: Map<number, number>[] = [];
  for (let edits = 0; ; edits++) {
    traces.push(new Map(furthest));
    const next = new Map(furthest);
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
      let x = down ? furthest.get(k + 1)! : furthest.get(k - 1)! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return path(a, b, traces, edits);
    }
    furthest = next;
  }
}

function path(a: readonly string[], b: readonly string[], traces: readonly Map<number, number>[], edits: number): Line[] {
  const lines: Line[] = [];
  let [x, y] = [a.length, b.length];
  for (let step = edits; step >= 0; step--) {
    const trace = traces[step]!;
    const k = x - y;
    const down = k === -step || (k !== step && (trace.get(k - 1) ?? -1) < (trace.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1;
    const fromX = trace.get(from) ?? 0;
    const fromY = fromX - from;
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      lines.push([" ", a[--x]!]);
      y--;
    }
    if (step === 0) break;
    if (down) lines.push(["+", b[--y]!]);
    else lines.push(["-", a[--x]!]);
  }
  return lines.reverse();
}
