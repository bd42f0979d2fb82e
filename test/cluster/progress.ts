/** Where the test bed says what it is doing when that takes long: one line at a time. */
export type Progress = (line: string) => void;

export const progressOnStderr: Progress = (line) => console.error(`cluster: ${line}`);
