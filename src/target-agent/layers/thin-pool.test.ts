import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { volumeIdOf, type ClusterId } from "../../domain/identity.ts";
import { ThinPool } from "./thin-pool.ts";
import { VolumeGroup } from "./volume-group.ts";

const signal = () => AbortSignal.timeout(5000);
const done = { exitCode: 0, signal: undefined, stdout: "", stderr: "" };
const MiB = 1024n * 1024n;
const id = volumeIdOf("test-cluster" as ClusterId, "a");
const mapped = `vg0-${id.replaceAll("-", "--")}`;

interface State {
  /** What dmsetup says, or says one time after the other. */
  readonly status?: string | readonly string[];
  readonly table?: string;
  readonly chunk?: string;
}

/** 1000 chunks of 1 MiB, 100 of them taken. */
const pool =
  "vg0-thin-tpool: 0 2048000 thin-pool 1 50/100 100/1000 - rw no_discard_passdown error_if_no_space - 1024\n";

async function open({ status = pool, table = "vg0-thin: 0 1 linear", chunk = "1048576" }: State = {}) {
  const lv = [{ lv_name: "thin", lv_size: "1048576000", chunk_size: chunk, pool_lv: "", thin_id: "" }];
  const said = [status].flat();
  const exec = async (file: string, [command = "", name = ""]: readonly string[]) => {
    const all = (command === "status" && said.length > 1 ? said.shift() : said[0]) ?? "";
    const lines = all.split("\n").filter((line) => name === "" || line.startsWith(`${name}:`));
    const answer =
      command === "table" ? `${table}\nvg0-thin-tpool: 0 2048000 thin-pool 253:0 253:1 2048 0 0` : lines.join("\n");
    const own = name === "" ? answer : answer.replace(`${name}: `, "");
    return Promise.resolve({ ...done, stdout: file === "lvm" ? JSON.stringify({ report: [{ lv }] }) : own });
  };
  return await ThinPool.open({ group: new VolumeGroup({ name: "vg0", exec }), name: "thin", exec }, [], signal());
}

describe("a thin pool", () => {
  it("can promise what is free in it, less what its volumes may still take", async () => {
    const thin = await open({ status: `${pool}${mapped}: 0 655360 thin 40960 1` });
    const kept = { volumes: [{ id, size: 320n * MiB, family: id }], snapshots: [] };
    // 900 MiB are free; 20 of the volume's 320 are taken already.
    assert.equal(await thin.available(kept, 100n), 600n * MiB);
    assert.equal(await thin.available(kept, 200n), 1520n * MiB);
    assert.equal(await thin.mapped(id), 20n * MiB);
  });

  it("is as full as its metadata where that is nearer to its end", async () => {
    assert.equal(await (await open()).usedPercent(), 50);
  });

  it("is looked at once more where LVM is just putting its layer on top", async () => {
    assert.equal(await (await open({ status: ["", pool] })).usedPercent(), 50);
    const gone = (await open({ status: ["", ""] })).usedPercent();
    await assert.rejects(gone, { kind: "unavailable", message: /must take writes; got "not active"/ });
  });

  it("that takes no writes any more promises nothing", async () => {
    for (const mode of ["ro", "Fail"]) {
      const status = mode === "Fail" ? "vg0-thin-tpool: 0 2048000 thin-pool Fail\n" : pool.replace(" rw ", ` ${mode} `);
      const thin = await open({ status });
      const asked = thin.available({ volumes: [], snapshots: [] }, 100n);
      await assert.rejects(asked, { kind: "unavailable", message: /must take writes/ });
    }
  });

  it("that shows old data in new blocks is not opened (N1), and neither is what is no thin pool", async () => {
    const table = "vg0-thin-tpool: 0 2048000 thin-pool 253:0 253:1 128 0 1 skip_block_zeroing";
    await assert.rejects(open({ table }), { kind: "precondition", message: /must fill new blocks with zeros/ });
    await assert.rejects(open({ chunk: "0" }), { kind: "precondition", message: /it must be a thin pool/ });
  });

  it("never takes a volume that cannot be measured for a blank one", async () => {
    const thin = await open({ status: `${pool}${mapped}: 0 655360 thin Fail` });
    await assert.rejects(thin.mapped(id), { kind: "unavailable", message: /must say how much of it is mapped/ });
  });
});
