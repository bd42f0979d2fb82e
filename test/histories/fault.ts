/** A promise that was broken: which one, and how. */
export function fault(promise: string, how: string): Error {
  return new Error(`${promise} is broken: ${how}`);
}
