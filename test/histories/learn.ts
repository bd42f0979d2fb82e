/** What a caller may believe once a step is done. What was refused has changed nothing that matters to a caller. */
import type { Attachment, Snapshot, Volume } from "../../src/domain/model.ts";
import type { VolumeStats } from "../../src/services/stats.ts";
import { fault } from "./fault.ts";
import type { Answer } from "./call.ts";
import type { Bed } from "./bed.ts";
import type { Model } from "./model.ts";
import { isHolder, isReader, isReadOnlyThen, originalOf } from "./predict.ts";
import { contextFor } from "./resolve.ts";
import type { Step } from "./steps.ts";

type Of<Do extends Step["do"]> = Extract<Step, { do: Do }>;

export function learn(step: Step, answer: Answer, model: Model, bed: Bed): void {
  if ("volume" in answer) learnVolume(step, answer.volume, model, bed);
  if ("snapshot" in answer && step.do === "createSnapshot") learnSnapshot(step, answer.snapshot, model);
  if ("attachment" in answer && step.do === "publish") learnPublication(step, answer.attachment, model);
  if ("token" in answer && step.do === "write") {
    const tokens = model.volumes.get(step.name)?.tokens ?? [];
    model.change(step.name, { tokens: [...tokens, answer.token] });
  }
  if ("deviceSize" in answer && step.do === "nodeExpand") assertGrown(step, answer.deviceSize, model, bed);
  if ("stats" in answer && step.do === "stats") assertCondition(step, answer.stats, model);
  if ("done" in answer && step.do === "stage") learnStage(step, model, bed);
  else if ("done" in answer) learnDone(step, model);
}

function learnVolume(step: Step, { id, size }: Volume, model: Model, bed: Bed): void {
  if (step.do === "expand") {
    const before = model.volumes.get(step.name)?.size ?? 0n;
    if (size < before || (!step.isLimit && size < step.size)) throw fault("I12", `${size} after ${before}`);
    model.change(step.name, { size });
  }
  if (step.do !== "create") return;
  const known = model.ids.get(step.name) ?? id;
  if (known !== id) throw fault("I7", `${step.name} was ${known} and is ${id}`);
  if (size < step.size) throw fault("I12", `${size} instead of ${step.size}`);
  model.ids.set(step.name, known);
  const before = model.volumes.get(step.name);
  if (before !== undefined) {
    if (before.size !== size) throw fault("I12", `${size} after ${before.size}`);
    return;
  }
  const original = step.source && originalOf(step.source, model, bed);
  const tokens = original?.tokens ?? [];
  model.volumes.set(step.name, {
    id: known,
    size,
    source: original?.id,
    tokens,
    isForWriters: step.isForWriters,
    publications: [],
  });
}

function learnSnapshot({ snapshot, name }: Of<"createSnapshot">, made: Snapshot, model: Model): void {
  const known = model.snapshotIds.get(snapshot) ?? made.id;
  if (known !== made.id) throw fault("I7", `${snapshot} was ${known} and is ${made.id}`);
  model.snapshotIds.set(snapshot, known);
  const volume = model.volumes.get(name);
  if (model.snapshots.has(snapshot) || volume === undefined) return;
  model.snapshots.set(snapshot, { id: known, source: volume.id, size: made.size, tokens: volume.tokens });
}

function learnPublication(step: Of<"publish">, context: Attachment, model: Model): void {
  const { name, node, sharing } = step;
  const { epoch } = context;
  const before = model.publicationOf(node, name);
  const isNew = before === undefined;
  if (!isNew && before.epoch !== epoch) throw fault("I7", `epoch ${epoch} after ${before.epoch}`);
  if (isNew && epoch <= model.highestEpoch(name)) throw fault("I4", `epoch ${epoch} was used before`);
  model.publish(name, { node, isReadOnly: isReader(step), sharing, epoch });
  model.contextsOf(node, name).push(context);
}

function assertCondition({ node, name, pod }: Of<"stats">, { condition }: VolumeStats, model: Model): void {
  const { staged, targets } = model.stageOf(node, name);
  const isLive = targets.get(pod)?.isLive === true;
  // After an unstage that was too early nothing says any more whether a volume was to be read only.
  const isKnown = !isLive || staged !== undefined;
  if (isKnown && condition.abnormal === isLive) throw fault("stats", condition.message);
}

function assertGrown({ node, name }: Of<"nodeExpand" | "stage">, size: bigint, model: Model, bed: Bed): void {
  const volume = model.volumes.get(name);
  const { staged } = model.stageOf(node, name);
  if (volume?.size !== size) throw fault("growth", `the device has ${size}, the volume ${volume?.size ?? 0n}`);
  const filesystemSize = bed.backend.disks.get(volume.id)?.filesystemSize;
  if (staged === undefined || staged.usage === "block" || staged.isReadOnly || filesystemSize === size) return;
  throw fault("growth", `the file system has ${filesystemSize ?? 0n} of ${size}`);
}

function learnDone(step: Step, model: Model): void {
  if (step.do === "delete") model.volumes.delete(step.name);
  if (step.do === "deleteSnapshot") model.snapshots.delete(step.snapshot);
  if (step.do === "unpublish") model.unpublish(step.name, step.from);
  if (step.do === "lose") model.lose(step.node, step.name);
  if (step.do === "unstage") model.setStage(step.node, step.name, { staged: undefined, attempted: undefined });
  if (step.do === "nodePublish") {
    const { staged } = model.stageOf(step.node, step.name);
    model.setTarget(step.node, step.name, step.pod, { isReadOnly: isReadOnlyThen(step.isReadOnly, staged) });
  }
  if (step.do === "nodeUnpublish" && step.pathOf === step.name) {
    model.setTarget(step.node, step.name, step.pod, undefined);
  }
}

function learnStage(step: Of<"stage">, model: Model, bed: Bed): void {
  const { node, name, usage } = step;
  const context = contextFor(step, model);
  if (context === undefined || model.stageOf(node, name).staged?.isLive === true) return;
  const { epoch, access } = context;
  const isReadOnly = access === "read-only";
  model.setStage(node, name, { staged: { usage, isReadOnly, epoch, isLive: true }, attempted: undefined });
  noteRaw(step, model, "surely");
  const size = model.volumes.get(name)?.size ?? 0n;
  assertGrown(step, size, model, bed);
}

/** An unstage was refused, because pods have the volume: its staging path is given up nevertheless. */
export function learnEarlyUnstage({ node, name }: Of<"unstage">, model: Model): void {
  const { staged } = model.stageOf(node, name);
  if (staged?.isLive === true && staged.usage === "block") return;
  model.setStage(node, name, { staged: undefined, ...(staged?.isLive === true && { attempted: "filesystem" }) });
}

/** A stage was asked for; nobody knows yet how far it came. */
export function learnAttempt(step: Of<"stage">, model: Model): void {
  const { node, name, usage } = step;
  const { staged, attempted } = model.stageOf(node, name);
  // Without the right to the volume nothing is connected.
  if (staged?.isLive === true || !isHolder(step, model)) return;
  const kind = usage === "block" ? "block" : "filesystem";
  model.setStage(node, name, { attempted: (attempted ?? kind) === kind ? kind : "both" });
  noteRaw(step, model, "maybe");
}

function noteRaw(step: Of<"stage">, model: Model, how: "surely" | "maybe"): void {
  const { node, name, usage } = step;
  const context = contextFor(step, model);
  if (usage !== "block" || context?.access !== "read-write" || context.content.state === "present") return;
  const key = `${node} ${name} ${context.epoch}`;
  if (how === "surely" || !model.rawSince.has(key)) model.rawSince.set(key, how);
}
