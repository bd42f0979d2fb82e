/**
 * Histories that every round plays first: what chance meets too seldom. In each of them b has lost a device whose name and
 * number a has got since, and lost too.
 */
import type { Command } from "./steps.ts";

const plain = { isAtHolder: false, kill: undefined } as const;
const way = { do: "up", node: "A", pod: 0, isReadOnly: false, sharing: "alone" } as const;
const staged = 3;
const published = 4;

const lostByB: readonly Command[] = [
  { ...plain, step: { ...way, name: "b", usage: "block", times: staged } },
  { ...plain, step: { do: "unpublish", name: "b", from: "A" } },
];

function lostByA(usage: "ext4" | "block", times: number): readonly Command[] {
  return [
    { ...plain, step: { ...way, name: "a", usage, times } },
    { ...plain, step: { do: "lose", name: "a", node: "A" } },
  ];
}

const unstages: readonly Command[] = [
  // Its pods still have it.
  { ...plain, step: { do: "unstage", name: "a", node: "A" } },
  { ...plain, step: { do: "unstage", name: "b", node: "A" } },
];

export const remembered: readonly (readonly Command[])[] = [
  [...lostByB, ...lostByA("ext4", staged), ...unstages.slice(1)],
  [...lostByB, ...lostByA("ext4", published), ...unstages],
  [...lostByB, ...lostByA("block", published), ...unstages],
];
