/**
 * Groups of VolumeSnapshots, as docs/volume-snapshots.md has them, on a node with a thin pool. Too long for each run of CI:
 * the release is installed anew, with other pools.
 */
import assert from "node:assert/strict";
import type { Cluster } from "../cluster/cluster.ts";
import type { Scenario } from "../cluster/scenario.ts";
import {
  groupKinds,
  installSnapshotCrds,
  removeSnapshotCrds,
  snapshotKinds,
  startSnapshotController,
  stopSnapshotController,
} from "../cluster/snapshot-controller.ts";
import { leftInNodePool, makeNodePool, poolPartsOf, removeNodePool, snapshotsIn } from "../support/node-pool.ts";
import { assertNothingForbidden, assertSnapshotPermissions, documented } from "../support/permissions.ts";
import { assertNoWriteFailed, lastIn, lastSaid, ledgerOn, writesOn } from "../support/pod-ledger.ts";
import { censusOf, install, onlyNode, uninstall, withGroups } from "../support/release.ts";
import {
  contentOf,
  groupClass,
  groupOf,
  membersOf,
  snapshotExamples,
  waitForGroup,
  waitForSnapshot,
} from "../support/snapshots.ts";
import { claim, podOn, remove, volumeOf } from "../support/workloads.ts";

const shop = { app: "shop" };
const claims = ["data", "log"] as const;
const restored = { data: "data-restored", log: "log-restored" };
const beingDeleted = "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted=yes";

/** A group by its content and its members; it has each number up to `least`, and none beyond `most`. */
interface Taken {
  readonly content: string;
  readonly members: ReadonlyMap<string, string>;
  readonly least: number;
  readonly most: number;
}

/** A pod with two claims writes each number to one, then to the other. */
async function startShop(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const pod = podOn("shop", { data: "data", log: "log" }, ledgerOn(claims));
  await cluster.apply([...claims.map((name) => claim(name)), pod], signal);
  await cluster.kubectl(["label", "pvc", ...claims, "app=shop"], { signal });
  await cluster.waitForPod("shop", signal);
}

async function take(cluster: Cluster, signal: AbortSignal): Promise<Taken> {
  await writesOn(cluster, "shop", signal);
  const least = await lastSaid(cluster, "shop", signal);
  await cluster.apply(await snapshotExamples("VolumeGroupSnapshot"), signal);
  const content = await waitForGroup(cluster, "shop-today", signal);
  const most = await lastIn(cluster, "shop", "data", signal);
  await writesOn(cluster, "shop", signal);
  const members = await membersOf(cluster, "shop-today", signal);
  assert.deepEqual([...members.keys()].toSorted(), claims);
  for (const member of members.values()) await waitForSnapshot(cluster, member, signal);
  assert.equal((await snapshotsIn(onlyNode(cluster))).length, claims.length);
  return { content, members, least, most };
}

/** The copies of a group are of one instant. */
async function restore(cluster: Cluster, { members, least, most }: Taken, signal: AbortSignal): Promise<void> {
  const copies = claims.map((name) => claim(restored[name], { dataSource: contentOf(members.get(name) ?? "") }));
  await cluster.apply([...copies, podOn("reader", restored)], signal);
  await cluster.waitForPod("reader", signal);
  const [first, second] = [
    await lastIn(cluster, "reader", "data", signal),
    await lastIn(cluster, "reader", "log", signal),
  ];
  const found = `${first} and ${second}, of ${least} to ${most}`;
  assert.ok(first === second || first === second + 1, `one instant: ${found}`);
  assert.ok(second >= least && first <= most, `the instant of the group: ${found}`);
}

/** The driver's refusal reaches who asked. Such a group may leave its content behind. */
async function refuse(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.apply([groupClass("wrong", { color: "blue" }), groupOf(shop, "refused", "wrong")], signal);
  const group = ["volumegroupsnapshot/refused"];
  const refusal = /parameters\.color is no parameter of this driver; a VolumeGroupSnapshotClass has none; got .*blue/;
  await cluster.waitForField(group, "{.status.error.message}", refusal, signal);
  const bound = "{.status.boundVolumeGroupSnapshotContentName}";
  const content = `volumegroupsnapshotcontent/${await cluster.waitForField(group, bound, /./, signal)}`;
  await remove(cluster, group, signal);
  const left = await cluster.kubectl(["get", content, "--ignore-not-found", "--output=name"], { signal });
  if (left !== "") await cluster.kubectl(["annotate", content, beingDeleted], { signal });
  await remove(cluster, [content, "volumegroupsnapshotclass/wrong"], signal);
}

/** A group goes as a whole, and what was restored stays. */
async function drop(cluster: Cluster, { content, members }: Taken, signal: AbortSignal): Promise<void> {
  await remove(cluster, ["volumegroupsnapshot/shop-today"], signal);
  await cluster.waitForAbsence([`volumegroupsnapshotcontent/${content}`], signal);
  for (const member of members.values()) await cluster.waitForAbsence([`volumesnapshot/${member}`], signal);
  await cluster.waitForAbsence(["volumesnapshotcontents"], signal);
  assert.deepEqual(await snapshotsIn(onlyNode(cluster)), []);
  await lastIn(cluster, "reader", "log", signal);
}

async function removeAll(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await assertNoWriteFailed(cluster, "shop", signal);
  const names = [...claims, ...Object.values(restored)];
  const volumes: string[] = [];
  for (const name of names) volumes.push(`pv/${await volumeOf(cluster, name, signal)}`);
  await remove(cluster, ["pod/shop", "pod/reader", ...names.map((name) => `pvc/${name}`), ...volumes], signal);
}

export const scenario: Scenario = {
  title: "a VolumeGroupSnapshot has several claims at one instant while a pod writes to them, and goes as a whole",
  ci: false,
  limitMs: 20 * 60_000,
  async run(cluster, signal) {
    const node = onlyNode(cluster);
    const before = [...(await censusOf(node)), ...(await poolPartsOf(node))];
    await uninstall(cluster, signal);
    await makeNodePool(node);
    await installSnapshotCrds(cluster, signal);
    await startSnapshotController(cluster, signal);
    await install(cluster, signal, withGroups);
    await assertSnapshotPermissions(cluster, await documented(), signal);

    await startShop(cluster, signal);
    const taken = await take(cluster, signal);
    await refuse(cluster, signal);
    await restore(cluster, taken, signal);
    await drop(cluster, taken, signal);
    await removeAll(cluster, signal);
    await assertNothingForbidden(cluster, ["snapshotter", "provisioner"], signal);

    await cluster.waitForAbsence(["volumeattachments"], signal);
    await uninstall(cluster, signal);
    assert.deepEqual(await leftInNodePool(node), []);
    await removeNodePool(node);
    await cluster.waitForAbsence([`${snapshotKinds},${groupKinds}`, "--all-namespaces"], signal);
    await stopSnapshotController(cluster, signal);
    await removeSnapshotCrds(cluster, signal);
    assert.deepEqual([...(await censusOf(node)), ...(await poolPartsOf(node))], before);
  },
};
