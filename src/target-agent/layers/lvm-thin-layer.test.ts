/** What a thin volume's discard touches; everything else of the layer is shown on a kernel. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { noChildren } from "../../../test/support/children.ts";
import { volumeIdOf, type ClusterId } from "../../domain/identity.ts";
import type { Exec } from "../../host/exec.ts";
import { LvmThinLayer } from "./lvm-thin-layer.ts";
import { VolumeGroup } from "./volume-group.ts";

const done = { exitCode: 0, signal: undefined, stdout: "", stderr: "" };
const size = 320n * 1024n * 1024n;
const id = volumeIdOf("test-cluster" as ClusterId, "a");
const object = { id, size, backing: { dmUuid: "LVM-made" } };

interface Shown {
  readonly uuid?: string;
  readonly bytes?: bigint;
  readonly mapped?: number;
  readonly passdown?: string;
  readonly blkdiscard?: Exec;
}

/** A layer whose kernel shows a volume like that; `discarded` has the paths that blkdiscard was given. */
async function open(t: TestContext, shown: Shown = {}) {
  const { uuid = "LVM-made", bytes = size, mapped = 40_960, passdown = "discard_passdown" } = shown;
  const discarded: (string | undefined)[] = [];
  const exec: Exec = async (file, args, options) => {
    if (file === "blkdiscard") {
      discarded.push(args.at(-1));
      return shown.blkdiscard === undefined ? done : await shown.blkdiscard(file, args, options);
    }
    const [command, name] = args;
    const pool = `vg0-thin-tpool: 0 2048000 thin-pool 1 50/100 100/1000 - rw ${passdown} error_if_no_space - 1024`;
    const table = "vg0-thin-tpool: 0 2048000 thin-pool 253:0 253:1 2048 0 0";
    const status = name === undefined ? pool : `0 655360 thin ${mapped} 655359`;
    const lv = [{ lv_name: "thin", lv_size: "1048576000", chunk_size: "65536", pool_lv: "", thin_id: "" }];
    const said = file === "lvm" ? JSON.stringify({ report: [{ lv }] }) : command === "table" ? table : status;
    return Promise.resolve({ ...done, stdout: said });
  };
  const group = new VolumeGroup({ name: "vg0", exec });
  const deps = { group, thinPool: "thin", exec, children: noChildren };
  const layer = await LvmThinLayer.open(deps, [], AbortSignal.timeout(5000));
  const device = { path: "/dev/mapper/vg0-a", number: { major: 253, minor: 7 }, isSuspended: false, sectorBytes: 512 };
  t.mock.method(group, "device", async () => Promise.resolve({ ...device, uuid, size: bytes }));
  return { layer, discarded };
}

describe("the discard of a thin volume that is to be removed", () => {
  it("is of the verified volume alone", async (t) => {
    const whole = await open(t);
    await whole.layer.discard(object);
    assert.deepEqual(whole.discarded, ["/dev/mapper/vg0-a"]);
    for (const shown of [{ uuid: "LVM-other" }, { bytes: 2n * size }]) {
      const { layer, discarded } = await open(t, shown);
      await layer.discard(object);
      assert.deepEqual(discarded, [], JSON.stringify(Object.keys(shown)));
    }
    const { layer, discarded } = await open(t);
    await layer.discard({ id, size });
    assert.deepEqual(discarded, [], "of one that nobody knows to have been made");
  });

  it("is left out where it tells the disks nothing", async (t) => {
    for (const shown of [{ mapped: 0 }, { passdown: "no_discard_passdown" }]) {
      const { layer, discarded } = await open(t, shown);
      await layer.discard(object);
      assert.deepEqual(discarded, []);
    }
  });

  it("keeps no removal away, neither when it fails nor when it hangs", async (t) => {
    const failing = await open(t, { blkdiscard: async () => Promise.resolve({ ...done, exitCode: 1 }) });
    await failing.layer.discard(object);
    const over = new AbortController();
    const hanging = await open(t, {
      blkdiscard: async (_file, _args, { signal }) => {
        over.abort(new Error("its time is over"));
        assert.ok(signal.aborted, "the program is ended too");
        return await new Promise(() => undefined);
      },
    });
    t.mock.method(AbortSignal, "timeout", () => over.signal, { times: 1 });
    await hanging.layer.discard(object);
    assert.equal(hanging.discarded.length, 1);
  });
});
