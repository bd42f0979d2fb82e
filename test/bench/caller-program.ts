/**
 * Runs in the guest: makes calls to the driver there and says what each took, so that the way out of the machine is not
 * measured. One question a line on standard input, one answer a line on standard output, in the order in which they end.
 */
import { createInterface } from "node:readline";
import { CsiError, openCsiClient, type CodeName } from "../support/csi-client.ts";
import type { CsiMethodPath } from "../../src/gen/csi-fields.ts";

export interface Question {
  readonly id: number;
  readonly path: CsiMethodPath;
  readonly request: object;
  readonly deadlineMs: number;
}

/** Times are milliseconds of one clock. */
export interface Answer {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  readonly response?: object;
  readonly refusal?: { readonly code: CodeName; readonly details: string };
}

const [, , socketPath = ""] = process.argv;
const client = openCsiClient(socketPath);

async function answer({ id, path, request, deadlineMs }: Question): Promise<Answer> {
  const start = performance.now();
  try {
    const response = await client.call(path, request, { deadlineMs });
    return { id, start, end: performance.now(), response };
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    return { id, start, end: performance.now(), refusal: { code: error.code, details: error.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  void answer(JSON.parse(line) as Question).then((one) => console.log(JSON.stringify(one)));
}
client.close();
