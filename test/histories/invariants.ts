/**
 * What must hold after every step of a history.
 *
 * I1   No mkfs unless blank: what ever held a mounted file system or raw writes, or is a copy of such, is never formatted.
 * I2   Every write that was acknowledged can be read afterwards, in copies that were made since as well.
 * I3   Data of another volume never shows up.
 * I4   At most one host may write, or several what was made for them; none once an unpublish was answered OK.
 * I5   A call that was interrupted anywhere succeeds when it is repeated, and so does its inverse.
 * I6   After the inverse calls nothing is left: volumes, snapshots, controllers, mounts, journal entries, marks, targets.
 * I7   The same name gives the same id, and never two objects.
 * I12  A size never shrinks.
 */
import type { Bed } from "./bed.ts";
import type { Disk } from "./disk.ts";
import { fault } from "./fault.ts";
import type { Model } from "./model.ts";
import { nodeNames, stagingOf, targetOf, type NodeName, type Pod, type VolumeName } from "./names.ts";

const { signal } = new AbortController();

export async function assertInvariants(model: Model, bed: Bed): Promise<void> {
  for (const node of nodeNames) await bed.nodes[node].settle();
  await assertObjects(model, bed);
  for (const [name, { id, tokens }] of model.volumes) {
    assertContent(name, bed.backend.disks.get(id), tokens);
    await assertWriters(name, model, bed);
  }
  for (const [name, { id, tokens }] of model.snapshots) assertContent(name, bed.backend.snapshotDisks.get(id), tokens);
  for (const node of nodeNames) {
    for (const name of model.ids.keys()) await assertPaths(node, name, model, bed);
  }
}

/** I7, I12: there is what callers made, once, and as large as they were told. */
async function assertObjects(model: Model, bed: Bed): Promise<void> {
  const volumes = (await bed.backend.list({}, signal)).items.map(({ id, name, size }) => `${name} ${id} ${size}`);
  const expected = [...model.volumes].map(([name, { id, size }]) => `${name} ${id} ${size}`);
  if (!isSame(volumes, expected))
    throw fault("I7 or I12", `there are ${volumes.join(", ")}, not ${expected.join(", ")}`);
  const snapshots = (await bed.backend.listSnapshots(undefined, {}, signal)).items.map(
    ({ id, name }) => `${name} ${id}`,
  );
  const taken = [...model.snapshots].map(([name, { id }]) => `${name} ${id}`);
  if (!isSame(snapshots, taken)) throw fault("I7", `there are ${snapshots.join(", ")}, not ${taken.join(", ")}`);
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.toSorted().join() === others.toSorted().join();
}

/** I1, I2, I3. */
function assertContent(name: string, disk: Disk | undefined, tokens: readonly string[]): void {
  if (disk === undefined || disk.losses > 0) throw fault("I1", `${name} was formatted though it was used`);
  const lost = tokens.filter((token) => !disk.tokens.has(token));
  if (lost.length > 0) throw fault("I2", `${name} has lost ${lost.join(" ")}`);
  const strange = [...disk.tokens].filter((token) => !tokens.includes(token));
  if (strange.length > 0) throw fault("I3", `${name} shows ${strange.join(" ")}, which nobody wrote to it`);
}

/** I4: who is let in, and who is connected. */
async function assertWriters(name: VolumeName, model: Model, bed: Bed): Promise<void> {
  const volume = model.volumes.get(name);
  if (volume === undefined) return;
  const nqn = bed.nqnOf(volume.id);
  const hosts = bed.backend.exportOf(nqn)?.hosts.size ?? 0;
  const expected = volume.publications.length;
  if (hosts !== expected) throw fault("I4", `${name} lets ${hosts} hosts in instead of ${expected}`);
  for (const node of nodeNames) {
    const isConnected = (await bed.nodes[node].initiator.hostsOf(nqn)).length > 0;
    if (isConnected && model.publicationOf(node, name) === undefined)
      throw fault("I4", `${node} is still connected to ${name}`);
  }
}

/** I2, I3: what is live shows its volume and nothing else; what is dead shows nothing; what was taken away is not there. */
async function assertPaths(node: NodeName, name: VolumeName, model: Model, bed: Bed): Promise<void> {
  const { staged, targets } = model.stageOf(node, name);
  if (staged === undefined && targets.size === 0) return;
  const { filesystem, paths } = bed.nodes[node];
  const id = model.volumes.get(name)?.id;
  const own = id && bed.backend.disks.get(id);
  for (const [pod, { isLive, isReadOnly }] of targets) {
    const shown = await filesystem.shown(targetOf(name, pod));
    if (!isLive && shown !== undefined) throw fault("I4", `${name} is alive for pod ${pod} on ${node}, and was fenced`);
    if (isLive && shown?.disk !== own) throw fault("I2 or I3", `pod ${pod} on ${node} does not see ${name}`);
    if (isLive && shown?.isReadOnly !== isReadOnly) throw fault("I4", `pod ${pod} on ${node} has the wrong access`);
    if (!paths.made.has(targetOf(name, pod))) throw fault("I6", `the target of pod ${pod} is gone`);
  }
  if (staged?.isLive !== true || staged.usage === "block") return;
  const shown = await filesystem.shown(stagingOf(name));
  if (shown?.disk !== own) throw fault("I2 or I3", `${name} is not staged on ${node}`);
}

/** I6: a volume was unstaged, or its stage was refused for good. */
export async function assertGone(node: NodeName, name: VolumeName, model: Model, bed: Bed): Promise<void> {
  const id = model.ids.get(name) ?? bed.strangeVolume(name);
  const { initiator, journal, filesystem } = bed.nodes[node];
  const hosts = await initiator.hostsOf(bed.nqnOf(id));
  if (hosts.length > 0) throw fault("I6", `${name} is still connected on ${node}`);
  if (journal.entries.has(id)) throw fault("I6", `${node} still has a journal entry of ${name}`);
  const mounts = (await filesystem.mounts()).filter(({ path }) => path === stagingOf(name));
  if (mounts.length > 0) throw fault("I6", `${name} is still mounted on ${node}`);
}

/** I6: nothing of a pod's path is left. */
export async function assertUnpublished(
  { node, name, pod }: { readonly node: NodeName; readonly name: VolumeName; readonly pod: Pod },
  bed: Bed,
): Promise<void> {
  const { filesystem, paths } = bed.nodes[node];
  const target = targetOf(name, pod);
  const isMounted = (await filesystem.mounts()).some(({ path }) => path === target);
  if (isMounted || paths.made.has(target)) throw fault("I6", `${target} is still there on ${node}`);
}

/** I6: all the inverse calls were made. */
export async function assertNothingLeft(bed: Bed): Promise<void> {
  const volumes = (await bed.backend.list({}, signal)).items.map(({ name }) => `volume ${name}`);
  const snapshots = (await bed.backend.listSnapshots(undefined, {}, signal)).items.map(
    ({ name }) => `snapshot ${name}`,
  );
  const onNodes = await Promise.all(nodeNames.map(async (name) => leftOn(name, bed)));
  const left = [...volumes, ...snapshots, ...onNodes.flat()];
  if (left.length > 0) throw fault("I6", `there are left: ${left.join(", ")}`);
}

async function leftOn(name: NodeName, bed: Bed): Promise<readonly string[]> {
  const { filesystem, initiator, journal, marks, paths } = bed.nodes[name];
  const stagings = [...paths.made.keys()].filter((path) => !path.startsWith("/staging/"));
  const left = [
    ...(await filesystem.mounts()).map(({ path }) => `mount ${path}`),
    ...(await initiator.live()).map(({ nqn }) => `controller of ${nqn}`),
    ...[...journal.entries.keys()].map((volume) => `journal entry of ${volume}`),
    ...stagings.map((path) => `target ${path}`),
    // The controller tells node A alone of the end of a publication; B's marks stay until its next stage.
    ...(name === "A" ? [...marks.marked.keys(), ...marks.begun.keys()].map((volume) => `mark of ${volume}`) : []),
  ];
  return left.map((what) => `${what} on ${name}`);
}
