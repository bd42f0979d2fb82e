/**
 * The test lab itself: what a test may rely on when it asks for a machine.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { ExecError } from "../lab/channel-machine.ts";
import type { Machine } from "../lab/machine.ts";
import { startMachine } from "../lab/virtual-machine.ts";

const limit = { timeout: 240_000 };

/** Answers each connection with the bytes it got, half-close included; prints "ready" when it listens. */
const echoServer = `
  require("node:net").createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
    .listen("/tmp/echo.sock", () => console.log("ready"));`;

/** A target for the file $1, on loopback port 4420, made by hand as nvmetcli would. */
const makeTarget = `
  subsystem=/sys/kernel/config/nvmet/subsystems/nqn.2014-08.org.example:lab
  mkdir "$subsystem"; echo 1 > "$subsystem/attr_allow_any_host"
  mkdir "$subsystem/namespaces/1"; cd "$subsystem/namespaces/1"
  echo -n "$1" > device_path; echo 1 > enable
  mkdir /sys/kernel/config/nvmet/ports/1; cd /sys/kernel/config/nvmet/ports/1
  echo tcp > addr_trtype; echo ipv4 > addr_adrfam; echo 127.0.0.1 > addr_traddr; echo 4420 > addr_trsvcid
  ln -s "$subsystem" subsystems/`;

/** Command lines of this machine's processes that contain a text. */
async function processesWith(part: string): Promise<string[]> {
  const lines: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.includes(part)) lines.push(line.replaceAll("\0", " "));
  }
  return lines;
}

describe("a machine of the lab", limit, () => {
  let machine: Machine;
  before(async () => {
    machine = await startMachine({ disks: [{ sizeMiB: 512 }] });
  }, limit);
  after(async () => machine.close());

  it("passes the exit status and the fatal signal of a program through", async () => {
    const failed = await machine.exec(["sh", "-c", "exit 3"], { check: false });
    assert.equal(failed.exitCode, 3);
    const killed = await machine.exec(["sh", "-c", "kill -9 $$"], { check: false });
    assert.deepEqual([killed.exitCode, killed.signal], [undefined, "SIGKILL"]);
  });

  it("turns a failure nobody expected into an error with argv, status and standard error", async () => {
    await assert.rejects(machine.exec(["sh", "-c", "echo oh no >&2; exit 3"]), (error) => {
      assert.ok(error instanceof ExecError);
      assert.match(error.message, /"exit.*status 3\n.*oh no|oh no >&2; exit 3.*status 3\noh no/s);
      return true;
    });
    await assert.rejects(machine.exec(["no-such-program"]), /ENOENT/);
  });

  it("streams standard output and standard error live and apart", async () => {
    const out = Promise.withResolvers<string>();
    const error = Promise.withResolvers<string>();
    // The program ends only after a line of input, which is sent only after its output has arrived.
    async function* answer(): AsyncGenerator<Buffer> {
      yield Buffer.from(`${await out.promise} ${await error.promise}\n`);
    }
    const result = await machine.exec(["sh", "-c", 'echo one; echo two >&2; read -r line; echo "got $line"'], {
      stdin: answer(),
      onStdout: (chunk) => out.resolve(chunk.toString().trim()),
      onStderr: (chunk) => error.resolve(chunk.toString().trim()),
    });
    assert.equal(result.stdout, "one\ngot one two\n");
    assert.equal(result.stderr, "two\n");
  });

  it("kills the whole process group when a run is cancelled", async (t) => {
    const cancel = new AbortController();
    const child = Promise.withResolvers<string>();
    const run = machine.exec(["sh", "-c", "sleep 1000 & echo $!; wait"], {
      signal: cancel.signal,
      onStdout: (chunk) => child.resolve(chunk.toString().trim()),
    });
    const status = `/proc/${await child.promise}/status`;
    assert.match(await machine.readFile(status), /sleep/);
    cancel.abort();
    await assert.rejects(run, { name: "AbortError" });
    let alive = true;
    while (alive) {
      t.signal.throwIfAborted();
      alive = await machine.readFile(status).then(
        (text) => !text.includes("zombie"),
        () => false,
      );
    }
  });

  it("signals a spawned program and reports how it ended", async () => {
    const ready = Promise.withResolvers<string>();
    const trap = 'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.1; done';
    const lines: string[] = [];
    const spawned = await machine.spawn(["sh", "-c", trap], {
      onStdoutLine: (line) => {
        lines.push(line);
        ready.resolve(line);
      },
    });
    await ready.promise;
    await spawned.kill();
    assert.equal((await spawned.exited).exitCode, 5);
    assert.deepEqual(lines, ["ready", "bye"]);
  });

  it("writes and reads files and passes standard input", async () => {
    await machine.writeFile("/tmp/note", "a note\n");
    assert.equal(await machine.readFile("/tmp/note"), "a note\n");
    await assert.rejects(machine.readFile("/tmp/none"), /ENOENT/);
    const input = "x".repeat(300_000);
    assert.equal((await machine.exec(["cat"], { stdin: input })).stdout, input);
    assert.equal((await machine.exec(["head", "-c", "1"], { stdin: input })).stdout, "x");
  });

  it("shows the project read-only and runs its own Node.js", async () => {
    assert.match(await machine.readFile(`${machine.project}/package.json`), /"name": "nvmetcp-csi"/);
    await assert.rejects(machine.exec(["touch", `${machine.project}/x`]), /Read-only file system/);
    assert.equal((await machine.exec([machine.node, "--version"])).stdout.trim(), process.version);
  });

  it("carries 8 MiB intact both ways through a forwarded unix socket", async () => {
    const ready = Promise.withResolvers<string>();
    const server = await machine.spawn([machine.node, "-e", echoServer], { onStdoutLine: ready.resolve });
    await ready.promise;
    const bytes = randomBytes(8 * 2 ** 20);
    const path = await machine.forward("/tmp/echo.sock");
    assert.ok(Buffer.byteLength(path) < 108);
    const socket = connect(path);
    socket.end(bytes);
    assert.ok((await buffer(socket)).equals(bytes));
    await server.kill();
    await server.exited;
  });

  it("closes a forwarded connection when nobody listens inside", async () => {
    const socket = connect(await machine.forward("/tmp/nobody.sock"));
    socket.on("error", () => undefined);
    socket.resume();
    await once(socket, "close");
  });

  it("has a kernel that serves and connects NVMe/TCP", async () => {
    const [disk] = machine.disks;
    await machine.sh(
      `mkfs.xfs -q "${disk}" && mkdir /mnt/pool && mount "${disk}" /mnt/pool && truncate -s 64M /mnt/pool/v`,
    );
    await machine.exec(["bash", "-euc", makeTarget, "-", "/mnt/pool/v"]);
    await machine.sh("nvme connect -t tcp -a 127.0.0.1 -s 4420 -n nqn.2014-08.org.example:lab");
    const { stdout } = await machine.sh(
      "until [ -b /dev/nvme0n1 ]; do sleep 0.1; done; blockdev --getsize64 /dev/nvme0n1",
    );
    assert.equal(Number(stdout), 64 * 2 ** 20);
    await machine.sh("nvme disconnect -n nqn.2014-08.org.example:lab");
    await machine.sh("[ ! -e /dev/nvme0n1 ]");
  });

  it("works the same directly on a machine that has the kernel", async () => {
    // The guest is such a machine.
    const script = 'cat; losetup --noheadings --output NAME; echo "$1" >&2; exit 6';
    const direct = ["scripts/vm.ts", "--direct", "--disk", "64M", "sh", "-c", script, "-", "--disk"];
    const result = await machine.exec([machine.node, ...direct], { stdin: "in\n", check: false });
    assert.deepEqual(result, { exitCode: 6, stdout: "in\n/dev/loop0\n", stderr: "--disk\n" });
    assert.equal((await machine.sh("losetup --list --noheadings; ls -d /tmp/nvmetcp-lab-* || true")).stdout, "");
  });

  it("keeps a scratch disk, and nothing else, over a reset", async () => {
    const [disk = ""] = machine.disks;
    await machine.sh(`echo kept | dd of="${disk}" conv=fsync status=none; echo lost > /tmp/lost`);
    const identity = await machine.readFile("/etc/nvme/hostnqn");
    const pending = assert.rejects(machine.exec(["sleep", "1000"]), /the machine was reset/);
    await machine.exec(["true"]);
    await machine.reset();
    await pending;
    assert.equal((await machine.exec(["head", "-c", "5", disk])).stdout, "kept\n");
    await assert.rejects(machine.readFile("/tmp/lost"), /ENOENT/);
    assert.equal(await machine.readFile("/etc/nvme/hostnqn"), identity);
  });

  it("runs beside another machine, and leaves nothing behind", async () => {
    const other = await startMachine();
    const directory = dirname(await other.forward("/tmp/any.sock"));
    const names = await Promise.all([machine, other].map(async (one) => one.readFile("/etc/machine-id")));
    assert.notEqual(names[0], names[1]);
    assert.equal((await processesWith(directory)).length, 1);
    await other.close();
    assert.deepEqual(await processesWith(directory), []);
    await assert.rejects(readdir(directory), /ENOENT/);
    await machine.exec(["true"]);
  });

  it("rejects everything pending with the kernel's last words when the guest panics", async () => {
    const sleeping = assert.rejects(machine.exec(["sleep", "1000"]), /Kernel panic/);
    const spawned = await machine.spawn(["sleep", "1000"]);
    await assert.rejects(machine.sh("echo c > /proc/sysrq-trigger"), /Kernel panic/);
    await sleeping;
    await assert.rejects(spawned.exited, /Kernel panic/);
    await assert.rejects(machine.exec(["true"]), /Kernel panic/);
    assert.match(machine.console(), /sysrq triggered crash/);
  });
});
