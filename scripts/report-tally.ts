/** What a command does that runs tests: it ends early on a signal, and its last line is their plain count. */
import { closingLine, type Tally } from "../test/support/tally.ts";

/** Runs the tests and sets the exit status: 1 if any failed, 130 if a signal ended them. */
export async function reportTally(command: string, run: (stop: AbortSignal) => Promise<Tally>): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  try {
    const tally = await run(stop.signal);
    for (const reason of tally.skipped) console.log(`skipped: ${reason}`);
    console.log(closingLine(tally));
    process.exitCode = tally.failed > 0 ? 1 : 0;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.error(`${command}: ended by a signal`);
    process.exitCode = 130;
  }
}
