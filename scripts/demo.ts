/**
 * `npm run demo`: a volume's whole life on a real Linux kernel, step by step, each with its duration and what it did.
 * Runs in the lab VM, or with `--direct` on this machine where its kernel can do it. Ends with `demo: ok`.
 */
import { parseArgs } from "node:util";
import type { VolumeCapability } from "../src/gen/csi/v1/VolumeCapability.ts";
import { census } from "../test/support/census.ts";
import { startGuestDriver, type GuestDriver } from "../test/support/guest-driver.ts";
import { bundle } from "./bundle.ts";
import { readOptions } from "./read-options.ts";

const limitMs = 15 * 60 * 1000;
const MiB = 1024 * 1024;
const staging = "/run/demo/staging";
const target = "/run/demo/pod/volume";
const fileMiB = 16;
const capability: VolumeCapability = {
  access_mode: { mode: "SINGLE_NODE_WRITER" },
  mount: { fs_type: "ext4", mount_flags: ["noatime"] },
};

/** Runs one step and prints its name, its duration and, in words, what it did. */
async function step<T>(name: string, work: () => Promise<readonly [string, T]>): Promise<T> {
  if (process.stdout.isTTY) process.stdout.write(`${name} ...`);
  const started = performance.now();
  const [words, result] = await work();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${process.stdout.isTTY ? "\r" : ""}${name}  (${seconds} s)\n    ${words.replaceAll("\n", "\n    ")}`);
  return result;
}

const done = undefined;

/** What the driver's log says a stage did. */
function lastStage(guest: GuestDriver): string {
  const line = guest.log.findLast((text) => text.includes('"rpc":"NodeStageVolume"'));
  const { did } = JSON.parse(line ?? "{}") as { readonly did?: string };
  return did ?? "nothing";
}

async function expect(what: string, actual: unknown, wanted: unknown): Promise<void> {
  if (actual !== wanted) throw new Error(`${what}: expected ${String(wanted)}; got ${String(actual)}`);
  await Promise.resolve();
}

async function life(guest: GuestDriver): Promise<void> {
  const { client, machine } = guest;
  const { controller, node } = client;
  const run = async (script: string) => (await machine.sh(script)).stdout.trim();
  await run(`mkdir -p ${staging} /run/demo/pod`);

  const { node_id } = await node.NodeGetInfo({});
  const volume_id = await step("CreateVolume", async () => {
    const { volume } = await controller.CreateVolume({
      name: "pvc-demo",
      capacity_range: { required_bytes: String(1024 * MiB) },
      volume_capabilities: [capability],
    });
    const id = volume?.volume_id ?? "";
    const used = await run(`du --block-size=1K /pool/volumes/* | cut -f1`);
    return [`volume ${id}: a sparse file of 1 GiB in the xfs pool (${used} KiB used) and its record`, id];
  });
  // Besides these there is the agent's own, empty subsystem, which keeps the port open while the driver runs.
  const exportsScript = "cd /sys/kernel/config/nvmet/subsystems; ls | grep -v ':listener$' || true";
  const publish_context = await step("ControllerPublishVolume", async () => {
    const answer = await controller.ControllerPublishVolume({ volume_id, node_id, volume_capability: capability });
    const nqn = await run(exportsScript);
    const { portals = "", epoch = "" } = answer.publish_context;
    return [
      `the kernel target exports it as ${nqn}\nat ${portals}, for this node alone (epoch ${epoch})`,
      answer.publish_context,
    ];
  });
  const stage = async () =>
    await node.NodeStageVolume({
      volume_id,
      publish_context,
      staging_target_path: staging,
      volume_capability: capability,
    });
  await step("NodeStageVolume (first)", async () => {
    await stage();
    await expect("the first stage", lastStage(guest), "formatted and mounted");
    const device = await run(`findmnt -n -o SOURCE,FSTYPE,OPTIONS ${staging}`);
    return [`connected over NVMe/TCP; the device is proven blank: mkfs.ext4; mounted\n${device}`, done];
  });
  const publish = async () =>
    await node.NodePublishVolume({
      volume_id,
      publish_context,
      staging_target_path: staging,
      target_path: target,
      volume_capability: capability,
    });
  await step("NodePublishVolume", async () => {
    await publish();
    return [`bound to the pod's path ${target}`, done];
  });
  const sha = await step("a pod writes", async () => {
    await run(`dd if=/dev/urandom of=${target}/data bs=1M count=${fileMiB} conv=fsync status=none`);
    const sum = (await run(`sha256sum < ${target}/data`)).split(" ")[0] ?? "";
    return [`${fileMiB} MiB of random data, fsynced; SHA-256 ${sum}`, sum];
  });
  await step("NodeGetVolumeStats", async () => {
    const { usage } = await node.NodeGetVolumeStats({ volume_id, volume_path: target });
    const words = usage.map(({ unit, used, total }) => `${used} of ${total} ${unit.toLowerCase()} used`);
    return [words.join(", "), done];
  });
  const unpublish = async () => {
    await node.NodeUnpublishVolume({ volume_id, target_path: target });
    await node.NodeUnstageVolume({ volume_id, staging_target_path: staging });
  };
  await step("NodeUnpublishVolume, NodeUnstageVolume", async () => {
    await unpublish();
    const left = await run("ls /sys/class/nvme");
    await expect("controllers in sysfs", left, "");
    return ["unmounted, device released, controllers deleted", done];
  });
  await step("NodeStageVolume (again)", async () => {
    await stage();
    await expect("the second stage", lastStage(guest), "checked and mounted");
    return ["connected again; ext4 found: e2fsck -p instead of mkfs; mounted", done];
  });
  await step("a pod reads", async () => {
    await publish();
    const again = (await run(`sha256sum < ${target}/data`)).split(" ")[0];
    await expect("SHA-256 after unstage and stage", again, sha);
    return [`SHA-256 ${sha}: the same`, done];
  });
  await step("NodeUnpublishVolume, NodeUnstageVolume, ControllerUnpublishVolume", async () => {
    await unpublish();
    await controller.ControllerUnpublishVolume({ volume_id, node_id });
    await expect("exports in configfs", await run(exportsScript), "");
    return ["fenced: the node's right is revoked and the export is gone", done];
  });
  await step("DeleteVolume", async () => {
    await controller.DeleteVolume({ volume_id });
    return ["the file and the record are gone", done];
  });
  await step("SIGTERM", async () => {
    await expect("exit status of the driver", await guest.stop(), 0);
    return ["the driver drained and ended with status 0", done];
  });
  await step("census", async () => {
    const left = await census(machine);
    await expect("things left behind", left.join("\n"), "");
    return ["configfs, sysfs, mounts, files, records, journal, firewall: nothing left behind", done];
  });
}

const { values } = readOptions("npm run demo -- [--direct]", () =>
  parseArgs({ options: { direct: { type: "boolean", default: false } } }),
);
if (values.direct) process.env["LAB"] = "direct";
const signal = AbortSignal.timeout(limitMs);
await step("build", async () => {
  await bundle("dist");
  return ["dist/main.js and its helper for direct reads, dist/direct-io-child.js", done];
});
const guest = await step("lab", async () => {
  const started = await startGuestDriver({ signal });
  const kernel = (await started.machine.exec(["uname", "-rv"])).stdout.trim();
  return [`a machine with kernel ${kernel}, an xfs pool, and the driver serving CSI (all-in-one)`, started];
});
try {
  await life(guest);
  console.log("demo: ok");
} finally {
  await guest[Symbol.asyncDispose]();
}
