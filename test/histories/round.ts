/** A round of histories, as the thread that `playRound` starts. */
import { parentPort, workerData } from "node:worker_threads";
import fc from "fast-check";
import { messageOf } from "../../src/domain/errors.ts";
import { Play, type Tally } from "./play.ts";
import type { Result, Round } from "./play-round.ts";
import { remembered } from "./remembered.ts";
import { history, type Command } from "./steps.ts";

const { seed, histories, isShrinking } = workerData as Round;
const tally: Tally = new Map();
const property = fc.asyncProperty(history, async (commands) => new Play(tally).run(commands));
const { failed, errorInstance, numRuns, counterexamplePath } = await fc.check(property, {
  ...{ seed, numRuns: histories, endOnFailure: !isShrinking },
  examples: remembered.map((commands): [readonly Command[]] => [commands]),
});
const failure = failed ? `after ${numRuns} histories, at ${counterexamplePath ?? ""}: ${messageOf(errorInstance)}` : "";
const result: Result = { failure, played: numRuns, counts: tally };
parentPort?.postMessage(result);
