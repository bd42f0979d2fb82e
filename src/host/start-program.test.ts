import assert from "node:assert/strict";
import { it } from "node:test";
import { poll } from "./clock.ts";
import { startProgram } from "./start-program.ts";

/** Says what it hears: each SIGTERM, and its input. */
const listener = `
  process.on("SIGTERM", () => process.stdout.write("term;"));
  process.stdin.on("data", (text) => process.stdout.write(text));
  process.stdout.write("up;");
`;

it("a program is told to end once, however often it is stopped", async () => {
  let said = "";
  const onOutput = (text: string) => (said += text);
  const program = startProgram(process.execPath, ["-e", listener], { hasInput: true, onOutput, onError: onOutput });
  const heard = async (text: string) =>
    await poll(() => Promise.resolve(said.endsWith(text) || undefined), AbortSignal.timeout(10_000));
  await heard("up;");
  program.stop();
  await heard("term;");
  program.stop();
  program.tell("asked;");
  await heard("asked;");
  program.endInput();
  await program.ended;
  assert.equal(said, "up;term;asked;");
});
