/** Makes a missing case of a closed union a compile error. */
export function assertNever(value: never): never {
  throw new Error(`BUG: unhandled case ${JSON.stringify(value)}`);
}
