/** Shows figures to people, as a Markdown table, and to programs, as JSON. */
import type { Figure, Goal } from "./figure.ts";
import { judge, summarize } from "./statistics.ts";

const columns = ["figure", "driver", "against", "reference", "ratio", "middle half", "goal", "verdict"] as const;

export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(rowOf);
  const widths = columns.map((name, index) => Math.max(name.length, ...rows.map((row) => (row[index] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(" | ")} |`;
  return [line(columns), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function rowOf(figure: Figure): readonly string[] {
  const { family, name, against, unit, rounds, goal } = figure;
  const { measured, reference, ratio, spread } = summarize(rounds);
  const value = (number: number) => `${short(number)} ${unit}`;
  const middle = spread.map((number) => number.toFixed(2)).join("–");
  const verdict = goal === undefined ? "" : judge(figure);
  const goalText = goal === undefined ? "" : wordsOf(goal, unit);
  return [
    `${family}: ${name}`,
    value(measured),
    against,
    value(reference),
    ratio.toFixed(2),
    middle,
    goalText,
    verdict,
  ];
}

/** Three digits that say something. */
function short(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function wordsOf(goal: Goal, unit: string): string {
  switch (goal.kind) {
    case "ratio at most":
      return `≤ ${goal.limit.toFixed(2)}`;
    case "ratio at least":
      return `≥ ${goal.limit.toFixed(2)}`;
    case "equal":
      return "1 in it";
    case "value at most":
      return `≤ ${goal.limit} ${unit}`;
  }
}

/** All that was measured, and what is said of it. */
export function jsonOf(figures: readonly Figure[]): string {
  const entries = figures.map((figure) => ({ ...figure, ...summarize(figure.rounds), verdict: judge(figure) }));
  return JSON.stringify({ figures: entries }, undefined, 2);
}
