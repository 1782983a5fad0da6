/** Rows that a table shows; the rest is counted. */
export const SHOWN = 50;

/** Lays rows out under a header as kubectl does: columns are as wide as their longest cell and three spaces apart. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ""))));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === header.length - 1 ? cell : cell + " ".repeat(widths[column]! - width(cell) + 3)))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

/** Columns that a text takes on a terminal: wide (CJK) characters take two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text)
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(character) ? 2 : 1;
  return columns;
}
