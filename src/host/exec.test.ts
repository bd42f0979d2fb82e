import assert from "node:assert/strict";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { poll, withTimeout } from "./clock.ts";
import { exec, execOk } from "./exec.ts";

const script = async (text: string, signal: AbortSignal, ...args: readonly string[]) =>
  exec("sh", ["-c", text, "sh", ...args], { signal });

/** A directory, and a program in it that says its pid in a file and then waits. */
async function waiting(trap: string) {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-exec-"));
  const file = path.join(directory.path, "pid");
  const text = `${trap}; echo $$ > "$1.tmp"; mv "$1.tmp" "$1"; while :; do sleep 0.05; done`;
  const pid = async (signal: AbortSignal) =>
    poll(async () => {
      const said = await readFile(file, "utf8").catch(() => "");
      return said === "" ? undefined : Number(said);
    }, signal);
  return { text, file, pid, [Symbol.asyncDispose]: async () => directory.remove() };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("running a program", () => {
  it("hands every argument over as it stands: nothing is a shell", async (t) => {
    const args = [
      "$(touch /tmp/x)",
      "`id`",
      "; reboot",
      "a\nb",
      "*",
      "~",
      "$HOME",
      "a b",
      "",
      "'",
      '"',
      "--",
      "-x",
      "é",
    ];
    const program = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
    const { stdout } = await exec(process.execPath, ["-e", program, "--", ...args], { signal: t.signal });
    assert.deepEqual(JSON.parse(stdout), args);
  });

  it("has an environment of its own: LC_ALL=C, a fixed PATH, nothing of ours", async (t) => {
    process.env["NVMETCP_CSI_TEST_SENTINEL"] = "leaked";
    t.after(() => Reflect.deleteProperty(process.env, "NVMETCP_CSI_TEST_SENTINEL"));
    const { stdout } = await exec("/usr/bin/env", [], { signal: t.signal });
    const names = stdout.split("\n").map((line) => line.split("=")[0]);
    assert.ok(stdout.split("\n").includes("LC_ALL=C"));
    assert.deepEqual(
      names.filter((name) => !["LC_ALL", "PATH"].includes(name ?? "")),
      [],
    );
  });

  it("has an empty standard input, unless one is given", async (t) => {
    assert.equal((await exec("cat", [], { signal: t.signal })).stdout, "");
    assert.equal((await exec("cat", [], { signal: t.signal, input: "text" })).stdout, "text");
  });

  it("tells the exit status as a value, and both outputs apart", async (t) => {
    const result = await script("echo out; echo err >&2; exit 3", t.signal);
    assert.deepEqual([result.exitCode, result.signal, result.stdout, result.stderr], [3, undefined, "out", "err"]);
    const killed = await script("kill -KILL $$", t.signal);
    assert.deepEqual([killed.exitCode, killed.signal], [undefined, "SIGKILL"]);
  });

  it("is unavailable when the program is not there", async (t) => {
    const call = exec("/nonexistent/program", [], { signal: t.signal });
    await assert.rejects(call, { kind: "unavailable", message: /^cannot run \/nonexistent\/program: / });
  });

  it("does not begin for a request that is over", async () => {
    await using directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-exec-"));
    const file = path.join(directory.path, "made");
    const over = AbortSignal.abort(new Error("over"));
    await assert.rejects(exec("touch", [file], { signal: over }), /over/);
    await assert.rejects(readFile(file), { code: "ENOENT" });
  });

  it("keeps no more than 1 MiB of output, and ends", async (t) => {
    const call = script("head -c 3000000 /dev/zero | tr '\\0' x", t.signal);
    const outcome = await call.then(
      ({ stdout }) => stdout.length,
      () => 0,
    );
    assert.ok(outcome <= 1024 * 1024 + 1, `${outcome} bytes`);
  });
});

describe("an abort", { timeout: 60_000 }, () => {
  it("ends the program with SIGTERM", async (t) => {
    await using program = await waiting("true");
    const request = new AbortController();
    const call = script(program.text, request.signal, program.file);
    const pid = await program.pid(t.signal);
    request.abort(new Error("the deadline"));
    await assert.rejects(call, /the deadline/);
    await poll(async () => Promise.resolve(isAlive(pid) ? undefined : true), withTimeout(t.signal, 20_000));
  });

  it("ends a program that ignores SIGTERM with SIGKILL, and its caller does not wait for that", async (t) => {
    await using program = await waiting("trap '' TERM");
    const request = new AbortController();
    const call = script(program.text, request.signal, program.file);
    const pid = await program.pid(t.signal);
    request.abort(new Error("the deadline"));
    await assert.rejects(call, /the deadline/);
    assert.ok(isAlive(pid), "it still ignores SIGTERM when the caller goes on");
    await poll(async () => Promise.resolve(isAlive(pid) ? undefined : true), withTimeout(t.signal, 20_000));
  });
});

describe("running a program that must succeed", () => {
  it("quotes what it said when it does not", async (t) => {
    await using directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-exec-"));
    const missing = path.join(directory.path, "missing");
    await writeFile(path.join(directory.path, "there"), "x");
    const call = execOk(exec, "cat", [missing], { signal: t.signal });
    await assert.rejects(call, { kind: "unavailable", message: /cannot run cat .*missing: .*No such file.*; got 1$/ });
    const there = await execOk(exec, "cat", [path.join(directory.path, "there")], { signal: t.signal });
    assert.equal(there.stdout, "x");
  });
});
