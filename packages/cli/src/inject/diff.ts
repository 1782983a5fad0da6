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

/** So many edits between two lines that stay are looked for; the shortest edit's cost grows with their square. */
const MOST_EDITS = 1000;

/** Lines that are there once, before and after, stay where their order is the same; between them the shortest edit is taken. */
function diffLines(before: readonly string[], after: readonly string[]): Line[] {
  const lines: Line[] = [];
  let [x, y] = [0, 0];
  for (const [toX, toY] of [...anchors(before, after), [before.length, after.length] as const]) {
    for (const line of between(before.slice(x, toX), after.slice(y, toY))) lines.push(line);
    if (toX < before.length) lines.push([" ", before[toX]!]);
    [x, y] = [toX + 1, toY + 1];
  }
  return lines;
}

/** Places of the lines that both have once: the longest row of them that grows on both sides. */
function anchors(before: readonly string[], after: readonly string[]): (readonly [x: number, y: number])[] {
  const places = onlyOnce(after);
  const pairs = [...onlyOnce(before)].flatMap(([line, x]) => (places.has(line) ? [[x, places.get(line)!] as const] : []));
  // Of the rows of each length, the one that ends lowest; each pair knows the one before it.
  const ends: number[] = [];
  const earlier = pairs.map(([, y], index) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[ends[middle]!]![1] < y) low = middle + 1;
      else high = middle;
    }
    ends[low] = index;
    return ends[low - 1];
  });
  const row: (readonly [number, number])[] = [];
  for (let index = ends.at(-1); index !== undefined; index = earlier[index]) row.push(pairs[index]!);
  return row.reverse();
}

function onlyOnce(lines: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  lines.forEach((line, place) => void places.set(line, places.has(line) ? -1 : place));
  for (const [line, place] of places) if (place < 0) places.delete(line);
  return places;
}

function between(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const middle = shortest(before.slice(start, before.length - end), after.slice(start, after.length - end));
  const same = (line: string): Line => [" ", line];
  return [...before.slice(0, start).map(same), ...middle, ...before.slice(before.length - end).map(same)];
}

/** Myers 1986; all old lines and then all new ones where it would take too long. */
function shortest(a: readonly string[], b: readonly string[]): Line[] {
  let furthest = new Map<number, number>([[1, 0]]);
  const traces: Map<number, number>[] = [];
  for (let edits = 0; edits <= MOST_EDITS; edits++) {
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
  return [...a.map((line): Line => ["-", line]), ...b.map((line): Line => ["+", line])];
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
