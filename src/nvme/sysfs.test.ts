import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readSubsystems } from "./sysfs.ts";

const nqn = "nqn.2026-11.dev.nvmetcp.csi:0a1b2c3d:v1-00112233445566778899aabbccddeeff";
const host = "nqn.2014-08.org.nvmexpress:uuid:6ba7b811-9dad-51d1-80b4-00c04fd430c8";

/** Captured from Linux 6.12: two paths to one subsystem, and a local PCI drive. */
const tree: Readonly<Record<string, string>> = {
  "class/nvme-subsystem/nvme-subsys0/subsysnqn": `${nqn}\n`,
  "class/nvme-subsystem/nvme-subsys0/model": "Linux                                   \n",
  "class/nvme-subsystem/nvme-subsys0/nvme0n1/nsid": "1\n",
  "class/nvme-subsystem/nvme-subsys0/nvme0n1/uuid": "6ba7b810-9dad-51d1-80b4-00c04fd430c8\n",
  "class/nvme-subsystem/nvme-subsys0/nvme0n1/dev": "259:1\n",
  "class/nvme-subsystem/nvme-subsys0/nvme0n1/size": "655360\n",
  "class/nvme-subsystem/nvme-subsys0/nvme0n1/diskseq": "12\n",
  "class/nvme-subsystem/nvme-subsys0/nvme0n1/queue/logical_block_size": "512\n",
  "class/nvme-subsystem/nvme-subsys0/nvme0n2/nsid": "2\n",
  "class/nvme/nvme0/state": "live\n",
  "class/nvme/nvme0/transport": "tcp\n",
  "class/nvme/nvme0/hostnqn": `${host}\n`,
  "class/nvme/nvme0/cntlid": "1\n",
  "class/nvme/nvme0/nvme0c0n1/uuid": "6ba7b810-9dad-51d1-80b4-00c04fd430c8\n",
  "class/nvme/nvme1/state": "deleting (no IO)\n",
  "class/nvme/nvme1/transport": "tcp\n",
  "class/nvme/nvme2/subsysnqn": "(efault)\n",
  "class/nvme/nvme2/state": "connecting\n",
  "class/nvme-subsystem/nvme-subsys5/subsysnqn": `${nqn}0\n`,
  "class/nvme-subsystem/nvme-subsys5/nvme5n1/nsid": "1\n",
  "class/nvme/nvme5/state": "live\n",
  "class/nvme/nvme5/transport": "pcie\n",
};
const links: Readonly<Record<string, string>> = {
  "class/nvme-subsystem/nvme-subsys0/nvme0": "../../nvme/nvme0",
  "class/nvme-subsystem/nvme-subsys0/nvme1": "../../nvme/nvme1",
  "class/nvme-subsystem/nvme-subsys0/nvme7": "../../nvme/nvme7",
  "class/nvme-subsystem/nvme-subsys5/nvme5": "../../nvme/nvme5",
};

describe("the NVMe subsystems in sysfs", () => {
  let sys = "";
  before(() => {
    sys = mkdtempSync(join(tmpdir(), "sysfs-"));
    for (const [path, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(sys, path)), { recursive: true });
      writeFileSync(join(sys, path), text);
    }
    for (const [path, target] of Object.entries(links)) symlinkSync(target, join(sys, path));
  });
  after(() => rmSync(sys, { recursive: true }));

  it("are chosen by their exact NQN, with what is complete", async () => {
    assert.deepEqual(await readSubsystems(sys, nqn), [
      {
        name: "nvme-subsys0",
        nqn,
        controllers: [
          {
            name: "nvme0",
            state: "live",
            hostNqn: host,
            id: 1,
          },
          {
            name: "nvme1",
            state: "deleting (no IO)",
          },
        ],
        namespaces: [
          {
            name: "nvme0n1",
            uuid: "6ba7b810-9dad-51d1-80b4-00c04fd430c8",
            number: { major: 259, minor: 1 },
            size: 335544320n,
            sequence: 12,
          },
        ],
      },
    ]);
  });

  it("are all listed without an NQN, local drives included", async () => {
    const all = await readSubsystems(sys);
    assert.deepEqual(
      all.map((subsystem) => subsystem.nqn),
      [nqn, `${nqn}0`],
    );
    assert.deepEqual(all[1]?.controllers, [{ name: "nvme5", state: "live" }]);
  });

  it("are none where the kernel has no NVMe at all", async () => {
    assert.deepEqual(await readSubsystems(join(sys, "nowhere")), []);
  });
});
