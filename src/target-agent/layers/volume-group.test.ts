import assert from "node:assert/strict";
import fs from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { ExecResult } from "../../host/exec.ts";
import { lvmBytes, VolumeGroup } from "./volume-group.ts";

const done = { exitCode: 0, signal: undefined, stdout: "", stderr: "" };
const reportOf = (...lv: readonly object[]) => JSON.stringify({ report: [{ lv }], log: [] });

async function groupOf(t: TestContext, answer: (args: readonly string[]) => Partial<ExecResult>) {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-lvm-"));
  t.after(async () => directory.remove());
  const calls: (readonly string[])[] = [];
  let running = 0;
  const group = new VolumeGroup({
    name: "lab-vg",
    sys: directory.path,
    mapper: directory.path,
    exec: async (file, args) => {
      running += 1;
      assert.deepEqual([file, running], ["lvm", 1], "one command at a time (M1)");
      calls.push(args);
      await Promise.resolve();
      running -= 1;
      return { ...done, ...answer(args) };
    },
  });
  const disk = (name: string, nqn: string) => {
    fs.mkdirSync(path.join(directory.path, "block", name, "device"), { recursive: true });
    fs.writeFileSync(path.join(directory.path, "block", name, "device/subsysnqn"), `${nqn}\n`);
  };
  return { group, calls, disk };
}

describe("a volume group", () => {
  it("finds a volume with its size, and says when there is none", async (t) => {
    const row = { lv_name: "v1-a", lv_size: "335544320", chunk_size: "0", pool_lv: "thin", thin_id: "7" };
    const { group, calls } = await groupOf(t, (args) => ({
      stdout: reportOf(...(args.includes("lv_name=v1-a") ? [row] : [])),
    }));
    assert.deepEqual(await group.find("v1-a"), {
      ...{ name: "v1-a", size: 335_544_320n, chunkSize: 0n },
      ...{ pool: "thin", thinId: 7 },
    });
    assert.equal(await group.find("v1-b"), undefined);
    assert.deepEqual([calls[0]?.[0], calls[0]?.at(-1)], ["lvs", "lab-vg"]);
  });

  it("that is missing or locked is unavailable, in LVM's words", async (t) => {
    const stderr = '  Volume group "lab-vg" not found\n  Cannot process volume group lab-vg';
    const { group } = await groupOf(t, () => ({ exitCode: 5, stderr }));
    await assert.rejects(group.find("v1-a"), { kind: "unavailable", message: /Volume group "lab-vg" not found/ });
    await assert.rejects(group.change("lvremove", ["lab-vg/v1-a"]), { kind: "unavailable" });
  });

  it("that answers with something else than a report is not taken for an empty one", async (t) => {
    for (const stdout of ["", "{}", '{"report": [{"lv": [{"lv_name": "a"}]}]}', "WARNING: nothing"]) {
      const { group } = await groupOf(t, () => ({ stdout }));
      await assert.rejects(group.list(), { kind: "unavailable", message: /must answer with a report in JSON/ });
    }
  });

  it("without room says so as such", async (t) => {
    const stderr = '  Volume group "lab-vg" has insufficient free space (493 extents): 16384 required.';
    const { group } = await groupOf(t, () => ({ exitCode: 5, stderr }));
    await assert.rejects(group.change("lvcreate", []), { kind: "no_capacity" });
  });

  it("is not searched for on volumes that are connected here (M4)", async (t) => {
    const { group, calls, disk } = await groupOf(t, () => ({ stdout: reportOf() }));
    disk("nvme0n1", "nqn.2014-08.com.vendor:disk");
    disk("nvme1n1", "nqn.2026-11.dev.nvmetcp.csi:2a97516c:v1-66341b9d7d899ff5c983feac2d8c45fe");
    await group.list();
    const [, , config = ""] = calls[0] ?? [];
    assert.match(config, /global_filter=\["r\|\^\/dev\/nvme1n1\(p\[0-9\]\+\)\?\$\|","a\|\.\*\|"\]$/);
    assert.doesNotMatch(config, /nvme0n1/);
  });

  it("has names as device-mapper doubles them, and sizes in bytes", async (t) => {
    const { group } = await groupOf(t, () => ({}));
    assert.equal(group.mappedName("v1-a"), "lab--vg-v1--a");
    assert.equal(lvmBytes(4096n), "4096b");
    assert.throws(() => lvmBytes(0n), /BUG/);
  });

  it("changes nothing with a command that asks", async (t) => {
    const { group, calls } = await groupOf(t, () => ({}));
    await group.activate(["v1-a", "v1-b"]);
    await group.activate([]);
    assert.equal(calls.length, 1);
    assert.deepEqual(calls[0]?.slice(3), [
      "--yes",
      "--activate",
      "y",
      "--ignoreactivationskip",
      "lab-vg/v1-a",
      "lab-vg/v1-b",
    ]);
  });
});
