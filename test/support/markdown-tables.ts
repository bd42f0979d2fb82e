/** The tables of a page, to compare them with the code. */

export interface MarkdownTable {
  /** The heading that the table stands under. */
  readonly heading: string;
  readonly columns: readonly string[];
  /** Cells without the marks of code. */
  readonly rows: readonly (readonly string[])[];
}

function cellsOf(line: string): readonly string[] {
  return line
    .slice(1, line.lastIndexOf("|"))
    .split("|")
    .map((cell) => cell.trim().replaceAll("`", ""));
}

/** All tables in their order. */
export function markdownTables(page: string): readonly MarkdownTable[] {
  const parts = page.split(/^#+ /m).map((part) => ({ heading: part.split("\n")[0] ?? "", part }));
  return parts.flatMap(({ heading, part }) =>
    [...part.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => {
      const [columns = [], _line, ...rows] = table.trimEnd().split("\n").map(cellsOf);
      return { heading, columns, rows };
    }),
  );
}

/** The rows of the tables with a first column of that name. */
export function rowsUnder(page: string, column: string): readonly (readonly string[])[] {
  return markdownTables(page)
    .filter(({ columns }) => columns[0] === column)
    .flatMap(({ rows }) => rows);
}
