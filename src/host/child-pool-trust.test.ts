/** The pool with children that a test plays: whom it does not trust any more. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChildPool } from "./child-pool.ts";
import { poll } from "./clock.ts";
import type { Ask } from "./converse.ts";

const signal = () => AbortSignal.timeout(20_000);
const never = Promise.withResolvers<never>().promise;

describe("a child that cannot be trusted", () => {
  const fake = (answer: (question: string) => string) => {
    const log: string[] = [];
    let count = 0;
    const start = () => {
      const name = String((count += 1));
      const ask: Ask = async (question) => {
        log.push(`${name} < ${question}`);
        return await Promise.resolve({ exitCode: 0, signal: undefined, stdout: answer(question), stderr: "" });
      };
      return { ask, end: () => log.push(`${name} ends`), up: never, ended: never };
    };
    return { log, start };
  };
  const ok = (question: string) => `${question.split(" ")[0]} {"ok":true}`;

  it("is ended after an answer to another question, which counts as none", async () => {
    const { log, start } = fake(() => '1 {"ok":true}');
    await using pool = new ChildPool({ start });
    assert.equal((await pool.ask("a", signal())).stdout, '{"ok":true}');
    assert.equal((await pool.ask("b", signal())).stdout, "");
    assert.equal((await pool.ask("c", signal())).stdout, '{"ok":true}');
    assert.deepEqual(log, ["1 < 1 a", "1 < 2 b", "1 ends", "2 < 1 c"]);
  });

  it("is ended after a question that was cut short", async () => {
    const { log, start } = fake(() => {
      throw new Error("enough");
    });
    await using pool = new ChildPool({ start });
    await assert.rejects(pool.ask("a", signal()), { message: "enough" });
    assert.deepEqual(log, ["1 < 1 a", "1 ends"]);
  });

  it("is never used again once it was", async () => {
    const { log, start } = fake((question) => (question.includes("nonsense") ? "?" : ok(question)));
    await using pool = new ChildPool({ start });
    const { ask, end } = await pool.talk(signal());
    await ask("nonsense", signal());
    await ask("a", signal());
    end();
    assert.deepEqual(log, ["1 < 1 nonsense", "1 < 2 a", "1 ends"]);
  });

  it("is ended when its user was cut short as it answered", async () => {
    const stop = new AbortController();
    const { log, start } = fake((question) => {
      stop.abort();
      return ok(question);
    });
    await using pool = new ChildPool({ start });
    await pool.ask("a", stop.signal);
    assert.deepEqual(log, ["1 < 1 a", "1 ends"]);
  });

  it("is ended after words that are no answer", async () => {
    for (const words of ["", "yes", '{"ok":true}', "1"]) {
      const { log, start } = fake(() => words);
      await using pool = new ChildPool({ start });
      assert.equal((await pool.ask("a", signal())).stdout, "", words);
      assert.deepEqual(log, ["1 < 1 a", "1 ends"]);
    }
  });

  it("is ended when it does not let go, or not in time", async () => {
    const refusing = (question: string) => (question.includes("release") ? '2 {"ok":false}' : ok(question));
    const { log, start } = fake(refusing);
    await using pool = new ChildPool({ start });
    const { ask, end } = await pool.talk(signal());
    await ask("a", signal());
    end();
    await poll(async () => Promise.resolve(log.includes("1 ends") || undefined), signal());
    await pool.ask("b", signal());
    assert.deepEqual(log, ["1 < 1 a", '1 < 2 {"op":"release"}', "1 ends", "2 < 1 b"]);
  });

  it("is ended when letting go takes too long", async () => {
    const ended: string[] = [];
    const start = () => ({
      ask: async (question: string, until: AbortSignal) => {
        if (!question.includes("release")) {
          return Promise.resolve({ exitCode: 0, signal: undefined, stdout: ok(question), stderr: "" });
        }
        return await new Promise<never>((_, reject) => {
          until.addEventListener("abort", () => reject(new Error("it takes too long")));
        });
      },
      end: () => ended.push("ended"),
      up: never,
      ended: never,
    });
    await using pool = new ChildPool({ start, letGoMs: 1 });
    const { ask, end } = await pool.talk(signal());
    await ask("a", signal());
    end();
    await poll(async () => Promise.resolve(ended.length > 0 || undefined), signal());
  });
});
