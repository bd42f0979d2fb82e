/**
 * The examples are those of docs/volume-snapshots.md. Too long for each run of CI: the release is upgraded under load, and
 * a deleted VolumeSnapshot waits for a resync.
 */
import assert from "node:assert/strict";
import { isForGroups } from "../chart/grants.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Scenario } from "../cluster/scenario.ts";
import {
  installSnapshotCrds,
  removeSnapshotCrds,
  snapshotKinds,
  startSnapshotController,
  stopSnapshotController,
} from "../cluster/snapshot-controller.ts";
import { assertNothingForbidden, assertSnapshotPermissions, documented } from "../support/permissions.ts";
import { checkLedger, lastSaid, ledgerScript, writesOn } from "../support/pod-ledger.ts";
import { censusOf, install, onlyNode, uninstall, withSnapshots } from "../support/release.ts";
import { contentOf, snapshotClass, snapshotExamples, snapshotOf, waitForSnapshot } from "../support/snapshots.ts";
import { claim, inPod, podOn, remove, volumeOf } from "../support/workloads.ts";

const write = "dd if=/dev/urandom of=/data/file bs=1M count=8 status=none; sync; sha256sum /data/file";
const sizeInMiB = "df -m /data | tail -n 1 | awk '{ print $2 }'";
const dataSource = contentOf("data-today");

/** The driver's refusal reaches who asked. */
async function refuse(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.apply([snapshotClass("wrong", { color: "blue" }), snapshotOf("data", "refused", "wrong")], signal);
  const refusal = /parameters\.color is no parameter of this driver; a VolumeSnapshotClass has none; got .*blue/;
  await cluster.waitForField(["volumesnapshot/refused"], "{.status.error.message}", refusal, signal);
  await remove(cluster, ["volumesnapshot/refused", "volumesnapshotclass/wrong"], signal);
}

/** A snapshot that outlived its VolumeSnapshot is found again by its handle, and goes. */
async function retain(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.apply([snapshotOf("data", "kept", "nvmetcp-retain")], signal);
  const content = `volumesnapshotcontent/${await waitForSnapshot(cluster, "kept", signal)}`;
  await remove(cluster, ["volumesnapshot/kept"], signal);
  const handle = await cluster.waitForField([content], "{.status.snapshotHandle}", /^nvmet\/s1-/, signal);
  await remove(cluster, [content], signal);
  const file = `pool: /var/lib/nvmetcp-csi/pool/snapshots/${handle.replace("nvmet/", "")}.img`;
  assert.ok((await censusOf(onlyNode(cluster))).includes(file), "the snapshot stays");
  await cluster.apply(await snapshotExamples("VolumeSnapshotContent", handle), signal);
  await cluster.apply((await snapshotExamples("VolumeSnapshot")).slice(1), signal);
  await waitForSnapshot(cluster, "found-again", signal);
  await remove(cluster, ["volumesnapshot/found-again"], signal);
  await cluster.waitForAbsence(["volumesnapshotcontent/found-again"], signal);
  assert.ok(!(await censusOf(onlyNode(cluster))).includes(file), "the snapshot is gone");
}

/**
 * Without room the VolumeSnapshot says so. Deleted, it goes when there is room, because the snapshotter wants a last word;
 * with that it forgets the deletion until its next resync.
 */
async function waitForRoom(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.apply([claim("too-large", { mebibytes: 1024 ** 2 })], signal);
  const events = ["events", "--field-selector=involvedObject.name=too-large,reason=PoolFull"];
  const noRoom = /the pool has room for (\d+) bytes/;
  const said = await cluster.waitForField(events, "{.items[0].message}", noRoom, signal);
  await remove(cluster, ["pvc/too-large"], signal);
  const room = Number(noRoom.exec(said)?.[1]);
  await cluster.apply([claim("filler", { mebibytes: 4 * Math.floor(room / 2 ** 22) - 4 })], signal);
  const filler = await volumeOf(cluster, "filler", signal);
  await cluster.apply([snapshotOf("data", "late", "nvmetcp")], signal);
  await cluster.waitForField(["volumesnapshot/late"], "{.status.error.message}", noRoom, signal);
  await cluster.kubectl(["delete", "volumesnapshot/late", "--wait=false"], { signal });
  await remove(cluster, ["pvc/filler", `pv/${filler}`], signal);
  await cluster.waitForAbsence(["volumesnapshot/late"], signal);
}

/** From snapshots off to on, while a pod writes. */
async function upgrade(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await writesOn(cluster, "user", signal);
  await installSnapshotCrds(cluster, signal);
  await startSnapshotController(cluster, signal);
  assert.match(await install(cluster, signal, withSnapshots), /kind: VolumeSnapshot/, "the notes say how");
  await writesOn(cluster, "user", signal);
  await checkLedger(cluster, "user", await lastSaid(cluster, "user", signal), signal);
}

/** Into a volume of the same size and a larger one. */
async function restore(cluster: Cluster, written: string, signal: AbortSignal): Promise<void> {
  const larger = await snapshotExamples("PersistentVolumeClaim");
  const pods = [podOn("equal", "equal"), podOn("larger", "data-restored")];
  await cluster.apply([claim("equal", { mebibytes: 1024, dataSource }), ...larger, ...pods], signal);
  for (const pod of ["equal", "larger"]) {
    await cluster.waitForPod(pod, signal);
    assert.equal(await inPod(cluster, pod, "sha256sum /data/file", signal), written);
  }
  const [equal, grown] = [
    await inPod(cluster, "equal", sizeInMiB, signal),
    await inPod(cluster, "larger", sizeInMiB, signal),
  ];
  assert.ok(Number(equal) < 1024 && Number(grown) > 1800, `${equal} and ${grown} MiB`);
}

export const scenario: Scenario = {
  title: "a VolumeSnapshot brings back what was there, in volumes as large and larger, and all of it goes in any order",
  ci: false,
  limitMs: 15 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    await cluster.apply([claim("data", { mebibytes: 1024 }), podOn("user", "data", ledgerScript)], signal);
    await cluster.waitForPod("user", signal);
    const written = await inPod(cluster, "user", write, signal);
    await upgrade(cluster, signal);
    const grants = (await documented()).filter((grant) => !isForGroups(grant));
    await assertSnapshotPermissions(cluster, grants, signal);

    await cluster.apply((await snapshotExamples("VolumeSnapshot")).slice(0, 1), signal);
    const content = await waitForSnapshot(cluster, "data-today", signal);
    const className = "{.spec.volumeSnapshotClassName}";
    await cluster.waitForField(["volumesnapshot/data-today"], className, /^nvmetcp$/, signal);
    assert.notEqual(await inPod(cluster, "user", write, signal), written);
    await refuse(cluster, signal);
    await retain(cluster, signal);
    await waitForRoom(cluster, signal);
    await restore(cluster, written, signal);

    const volumes = [await volumeOf(cluster, "data", signal), await volumeOf(cluster, "equal", signal)];
    const last = await volumeOf(cluster, "data-restored", signal);
    await remove(cluster, ["pod/user", "pvc/data", `pv/${volumes[0]}`], signal);
    await remove(cluster, ["pod/equal", "pvc/equal", `pv/${volumes[1]}`], signal);
    await remove(cluster, ["volumesnapshot/data-today"], signal);
    await cluster.waitForAbsence([`volumesnapshotcontent/${content}`], signal);
    assert.equal(await inPod(cluster, "larger", "sha256sum /data/file", signal), written);
    await remove(cluster, ["pod/larger", "pvc/data-restored", `pv/${last}`], signal);
    assert.deepEqual(await censusOf(onlyNode(cluster)), []);
    await assertNothingForbidden(cluster, ["snapshotter", "provisioner"], signal);

    await uninstall(cluster, signal);
    await cluster.waitForAbsence([snapshotKinds, "--all-namespaces"], signal);
    await stopSnapshotController(cluster, signal);
    await removeSnapshotCrds(cluster, signal);
  },
};
