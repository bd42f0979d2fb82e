/** What the model says that a step must come to: done, or refused. */
import type { Bed } from "./bed.ts";
import type { Model, ModelStage } from "./model.ts";
import type { Disk } from "./disk.ts";
import { contextFor } from "./resolve.ts";
import type { Source, Step } from "./steps.ts";

export type Expected = "ok" | "refused" | "either";
type Of<Do extends Step["do"]> = Extract<Step, { do: Do }>;

const okIf = (condition: boolean): Expected => (condition ? "ok" : "refused");

export function predict(step: Step, model: Model, bed: Bed): Expected {
  switch (step.do) {
    case "create":
      return create(step, model, bed);
    case "delete":
      return okIf((model.volumes.get(step.name)?.publications ?? []).length === 0);
    case "expand": {
      const volume = model.volumes.get(step.name);
      return okIf(volume !== undefined && (!step.isLimit || volume.size <= step.size));
    }
    case "createSnapshot":
      return createSnapshot(step, model, bed);
    case "publish":
      return publish(step, model);
    case "stage":
      return stage(step, model, bed);
    case "unstage":
      return okIf(model.stageOf(step.node, step.name).targets.size === 0);
    case "nodePublish":
      return nodePublish(step, model.stageOf(step.node, step.name));
    case "nodeExpand":
      return nodeExpand(step, model.stageOf(step.node, step.name));
    case "stats":
      return okIf(model.stageOf(step.node, step.name).targets.has(step.pod));
    case "write": {
      const target = model.stageOf(step.node, step.name).targets.get(step.pod);
      return okIf(target?.isLive === true && !target.isReadOnly);
    }
    case "deleteSnapshot":
    case "unpublish":
    case "nodeUnpublish":
    case "lose":
    case "restart":
      return "ok";
  }
}

function publish(step: Of<"publish">, model: Model): Expected {
  const { name, node, sharing } = step;
  const volume = model.volumes.get(name);
  const own = model.publicationOf(node, name);
  if (volume === undefined) return "refused";
  if (own !== undefined) return okIf(own.isReadOnly === isReader(step) && own.sharing === sharing);
  if (sharing === "writers" && !volume.isForWriters) return "refused";
  const isShared = sharing !== "alone" && volume.publications.every((held) => held.sharing === sharing);
  return okIf(isShared || volume.publications.length === 0);
}

export function isReader({ isReadOnly, sharing }: Pick<Of<"publish">, "isReadOnly" | "sharing">): boolean {
  return isReadOnly || sharing === "readers";
}

function create({ name, size, source, isForWriters }: Of<"create">, model: Model, bed: Bed): Expected {
  const existing = model.volumes.get(name);
  const from = source && originalOf(source, model, bed);
  // A source that is gone by now may still be named by its id, for a copy that is there.
  if (existing !== undefined) {
    return okIf(existing.source === from?.id && existing.size >= size && existing.isForWriters === isForWriters);
  }
  if (from === undefined) return "ok";
  return okIf(from.isThere && from.disk?.intent === undefined);
}

/** What a caller means by a source: its id, whether it is there, and what it holds. */
export function originalOf(source: Source, model: Model, bed: Bed) {
  if (source.kind === "volume") {
    const id = model.ids.get(source.name) ?? bed.strangeVolume(source.name);
    const volume = model.volumes.get(source.name);
    return { id, isThere: volume !== undefined, disk: bed.backend.disks.get(id), tokens: volume?.tokens ?? [] };
  }
  const id = model.snapshotIds.get(source.name) ?? bed.strangeSnapshot(source.name);
  const snapshot = model.snapshots.get(source.name);
  return {
    id,
    isThere: snapshot !== undefined,
    disk: bed.backend.snapshotDisks.get(id),
    tokens: snapshot?.tokens ?? [],
  };
}

function createSnapshot({ snapshot, name }: Of<"createSnapshot">, model: Model, bed: Bed): Expected {
  const existing = model.snapshots.get(snapshot);
  if (existing !== undefined) return okIf(existing.source === (model.ids.get(name) ?? bed.strangeVolume(name)));
  const volume = model.volumes.get(name);
  return okIf(volume !== undefined && bed.backend.disks.get(volume.id)?.intent === undefined);
}

function stage(step: Of<"stage">, model: Model, bed: Bed): Expected {
  const context = contextFor(step, model);
  const volume = model.volumes.get(step.name);
  if (volume === undefined || context === undefined || !isHolder(step, model)) return "refused";
  const { staged, attempted, targets } = model.stageOf(step.node, step.name);
  const kind = step.usage === "block" ? "block" : "filesystem";
  if (staged?.isLive === true) return okIf(staged.usage === step.usage);
  // An unstage that was too early has taken the staging path, and left the pods theirs: nobody can look at the device.
  if ([...targets.values()].some(({ isLive }) => isLive)) return "refused";
  if (context.sharing === "writers" && kind !== "block") return "refused";
  const outcome = onDisk(step, model, bed.backend.disks.get(volume.id), context);
  return outcome === "ok" && attempted !== undefined && attempted !== kind ? "either" : outcome;
}

/** Whether a stage is given the context of the present publication, on its node. */
export function isHolder(step: Of<"stage">, model: Model): boolean {
  const held = model.publicationOf(step.node, step.name);
  return held !== undefined && held.epoch === contextFor(step, model)?.epoch;
}

/** What a stage must make of what it finds; the content of a volume decides whether it may be formatted (I1). */
function onDisk(
  { usage, node, name }: Of<"stage">,
  model: Model,
  disk: Disk | undefined,
  { access, sharing, content, epoch }: NonNullable<ReturnType<typeof contextFor>>,
): Expected {
  if (usage === "block") return okIf(sharing !== "writers" || access === "read-only" || disk?.intent === undefined);
  const isWritable = access === "read-write";
  if (disk?.intent !== undefined) return okIf(isWritable);
  if (disk?.signature !== undefined) return okIf(disk.signature.type === usage);
  if (disk?.hasBytes === true || content.state === "present" || !isWritable) return "refused";
  const raw = model.rawSince.get(`${node} ${name} ${epoch}`);
  if (raw === "maybe") return "either";
  return okIf(raw === undefined);
}

function nodePublish({ pod, isReadOnly, isForOnePod }: Of<"nodePublish">, { staged, targets }: ModelStage): Expected {
  if (staged?.isLive !== true) return "refused";
  const wanted = isReadOnlyThen(isReadOnly, staged);
  const target = targets.get(pod);
  if (target !== undefined) return okIf(target.isLive && target.isReadOnly === wanted);
  const isAlone = ![...targets.values()].some(({ isLive }) => isLive);
  return okIf(isAlone || !isForOnePod);
}

function nodeExpand({ at }: Of<"nodeExpand">, { staged, targets }: ModelStage): Expected {
  if (at === "staging") return okIf(staged?.isLive === true && staged.usage !== "block");
  if (targets.get(at)?.isLive !== true) return "refused";
  // After an unstage that was too early.
  return staged === undefined ? "either" : "ok";
}

/** What is staged read-only is given to everybody so. */
export function isReadOnlyThen(isReadOnly: boolean, staged: ModelStage["staged"]): boolean {
  return isReadOnly || staged?.isReadOnly === true;
}

/** The wire makes every publish of a raw device read-only whose claim is. */
export function isReadOnlyFor(isReadOnly: boolean, staged: ModelStage["staged"]): boolean {
  return isReadOnly || (staged?.usage === "block" && staged.isReadOnly);
}
