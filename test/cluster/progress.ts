/** Where the test bed says what it is doing when that takes long: one line at a time. */
export type Progress = (line: string) => void;

export const progressOnStderr: Progress = (line) => console.error(`cluster: ${line}`);

/** Prints each line with the seconds since this call. */
export function progressClock(): Progress {
  const started = performance.now();
  return (line) => console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${line}`);
}
