import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { poll } from "./clock.ts";
import { converse } from "./converse.ts";

const echo = ["-c", 'echo; echo "$$"; while read -r line; do echo "got $line"; done; exit 3'];
const signal = () => AbortSignal.timeout(20_000);

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pid: string): Promise<void> {
  await poll(() => Promise.resolve(isAlive(pid) ? undefined : true), signal());
}

describe("a conversation with a program", () => {
  it("has one answer for each question, until it is told to end", async () => {
    const { ask, end } = converse("sh", echo);
    const { stdout: pid } = await ask("hello", signal());
    assert.equal((await ask("a", signal())).stdout, "got hello");
    assert.equal((await ask("b", signal())).stdout, "got a");
    end();
    await gone(pid);
  });

  it("gives the status and the words of a program that ends instead of answering", async () => {
    const { ask } = converse("sh", ["-c", "echo; read -r line; echo why >&2; exit 5"]);
    assert.deepEqual(await ask("a", signal()), { exitCode: 5, signal: undefined, stdout: "", stderr: "why" });
    assert.equal((await ask("b", signal())).exitCode, 5, "also when it is asked once more");
  });

  it("tells when the program is up, and when it will never be", async () => {
    const { up, ask, end } = converse("sh", ["-c", "read -r line; echo; echo $line"]);
    const early = ask("early", signal());
    await up;
    assert.equal((await early).stdout, "early");
    end();
    await converse("sh", ["-c", "exit 5"]).up;
    await converse("/nowhere/at/all", []).up;
  });

  it("says that a program did not start", async () => {
    await assert.rejects(converse("/nowhere/at/all", []).ask("a", signal()), {
      kind: "unavailable",
      message: /ENOENT/,
    });
  });

  it("ends at once, and the program with it, when a question is aborted", async () => {
    const { ask } = converse("sh", ["-c", 'echo; read -r line; echo "$$"; while :; do sleep 1; done']);
    const { stdout: pid } = await ask("who", signal());
    const stop = new AbortController();
    const waiting = ask("anything", stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(waiting, { message: "enough" });
    await gone(pid);
    await assert.rejects(ask("again", AbortSignal.abort(new Error("late"))), { message: "late" });
  });

  it("lets a program finish what it does before it ends", async () => {
    const { ask, end } = converse("sh", ["-c", 'echo; echo "$$"; read -r line; sleep 0.3; echo done']);
    const { stdout: pid } = await ask("work", signal());
    const answer = ask("", signal());
    end();
    assert.equal((await answer).stdout, "done");
    await gone(pid);
  });
});
