/** The init container's program, with a modprobe and a sysfs of its own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { containerOf, podOf } from "./pod.ts";
import { chart, render } from "./render.ts";

const signal = AbortSignal.timeout(30 * 60 * 1000);
const loaded = ["module/nvmet_tcp", "module/nvme_tcp", "kernel/config/nvmet"];

/** Runs the program as the pod does, with these directories in sysfs and this modprobe. */
async function run(mode: "load" | "check", there: readonly string[], modprobe = "exit 99", values?: string) {
  await using folder = await mkdtempDisposable(join(tmpdir(), "nvmetcp-modules-"));
  const sysfs = join(folder.path, "sys");
  for (const name of there) await mkdir(join(sysfs, name), { recursive: true });
  const script = `#!/bin/sh\necho "$@" >> ${folder.path}/calls\nSYS=${sysfs}\n${modprobe}\n`;
  await writeFile(join(folder.path, "modprobe"), script, { mode: 0o755 });
  const load = podOf(await render(values, signal, { "kernelModules.load": mode === "load" }));
  const args = containerOf(load, "kernel-modules").args ?? [];
  const env = { PATH: `${folder.path}:/usr/bin:/bin` };
  const { status, stderr } = spawnSync(process.execPath, [...args, sysfs], { encoding: "utf8", env });
  const calls = await readFile(join(folder.path, "calls"), "utf8").catch(() => "");
  return { status, stderr, calls };
}

describe("the init container kernel-modules", () => {
  it("runs the file of the chart, of which Kubernetes replaces nothing", async () => {
    const file = await readFile(join(chart, "files/load-modules.js"), "utf8");
    const args = containerOf(podOf(await render(undefined, signal)), "kernel-modules").args ?? [];
    assert.equal(args[2]?.trim(), file.trim());
    assert.doesNotMatch(file, /\$[($]/);
  });

  it("does nothing when the modules are there", async () => {
    assert.deepEqual(await run("load", loaded), { status: 0, stderr: "", calls: "" });
    assert.deepEqual(await run("check", loaded), { status: 0, stderr: "", calls: "" });
  });

  it("loads what is missing, and waits for configfs", async () => {
    const modprobe =
      'mkdir -p $SYS/module/nvmet_tcp; (sleep 1; mkdir -p "$SYS/kernel/config/nvmet") > /dev/null 2>&1 &';
    const { status, calls } = await run("load", ["module/nvme_tcp"], modprobe);
    assert.deepEqual([status, calls], [0, "nvmet-tcp\n"]);
  });

  it("loads for a pool on LVM what thin volumes and snapshots of them need", async () => {
    const { status, calls } = await run("load", loaded, "exit 0", "several-pools");
    assert.deepEqual([status, calls], [0, "dm-thin-pool\ndm-snapshot\n"]);
  });

  it("says in one line which module the kernel does not have, in modprobe's words", async () => {
    const modprobe = 'echo "modprobe: FATAL: Module $1 not found in directory /lib/modules/6.1" >&2; exit 1';
    const { status, stderr, calls } = await run("load", ["module/nvme_tcp"], modprobe);
    assert.deepEqual([status, calls], [1, "nvmet-tcp\n"]);
    assert.match(
      stderr,
      /^cannot run the driver on this node: .*; got "modprobe: FATAL: Module nvmet-tcp not found.*"\n$/,
    );
  });

  it("without the right to load only says what is missing", async () => {
    const { status, stderr, calls } = await run("check", []);
    assert.deepEqual([status, calls], [1, ""]);
    assert.match(stderr, /got "nvmet-tcp is not loaded; nvme-tcp is not loaded"\n$/);
  });

  it("says that configfs is not mounted", async () => {
    const { status, stderr } = await run("check", ["module/nvmet_tcp", "module/nvme_tcp"]);
    assert.equal(status, 1);
    assert.match(stderr, /configfs must be mounted \(on the node: mount -t configfs .*got "no directory .*nvmet"\n$/);
  });
});
