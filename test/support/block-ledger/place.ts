/** Which block a write of a ledger goes to: scattered over all of them, and the same for everyone who knows the sequence. */
export function placeOf(sequence: number, blocks: number): number {
  return (Math.imul(sequence, 0x9e3779b1) >>> 0) % blocks;
}

/** Which of several files or devices it goes to: to each in turn. */
export function memberOf(sequence: number, members: number): number {
  return sequence % members;
}
