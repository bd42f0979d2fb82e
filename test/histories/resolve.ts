/** What a command of a history means where it stands: which step is next on a way, and which context a stage is given. */
import type { Attachment } from "../../src/domain/model.ts";
import type { Bed } from "./bed.ts";
import type { Model } from "./model.ts";
import { nodeNames, pods, type NodeName, type VolumeName } from "./names.ts";
import { sizes, type Command, type Step, type UsageName, type Way } from "./steps.ts";

/** `undefined`: there is nothing to do. */
export function resolve({ step, isAtHolder }: Command, model: Model, bed: Bed): Step | undefined {
  if (isWay(step)) return step.do === "up" ? upFrom(step, model, bed) : downFrom(step, model);
  if (!isAtHolder || !("node" in step) || !("name" in step)) return step;
  const node = holderOf(step.name, step.node, model);
  if (node === undefined) return step;
  const { targets } = model.stageOf(node, step.name);
  const [pod] = targets.keys();
  if (pod === undefined) return { ...step, node };
  if (step.do === "stats" || step.do === "write") return { ...step, node, pod: targets.has(step.pod) ? step.pod : pod };
  return { ...step, node };
}

/** The wanted node where it has the volume, else one that has it. */
function holderOf(name: VolumeName, wanted: NodeName, model: Model): NodeName | undefined {
  const holders = model.volumes.get(name)?.publications.map(({ node }) => node) ?? [];
  return holders.includes(wanted) ? wanted : holders[0];
}

function isWay(step: Step | Way): step is Way {
  return step.do === "up" || step.do === "down";
}

function upFrom(way: Way, model: Model, bed: Bed): Step | undefined {
  const { name, node: wanted, pod, usage, isReadOnly } = way;
  const volume = model.volumes.get(name);
  if (volume === undefined) return { do: "create", name, size: sizes[1], isForWriters: way.sharing === "writers" };
  const format = usageOn(bed, model, name);
  const [first] = volume.publications;
  if (first === undefined) {
    // Who may only read needs something to read.
    const canRead = format !== undefined;
    const sharing = way.sharing === "readers" && !canRead ? "alone" : way.sharing;
    return { do: "publish", name, node: wanted, isReadOnly: isReadOnly && canRead, sharing };
  }
  const node = first.sharing === "alone" ? first.node : wanted;
  const held = model.publicationOf(node, name);
  const { staged, targets } = model.stageOf(node, name);
  if (staged?.isLive !== true) {
    const last = model.contextsOf(node, name).at(-1);
    const { sharing, isReadOnly: reads } = held ?? first;
    if (last === undefined || last.epoch !== held?.epoch)
      return { do: "publish", name, node, isReadOnly: reads, sharing };
    return { do: "stage", name, node, usage: sharing === "writers" ? "block" : (format ?? usage), age: 0 };
  }
  const target = targets.get(pod);
  if (target?.isLive === false) return { do: "nodeUnpublish", name, node, pod, pathOf: name };
  if (target !== undefined) return target.isReadOnly ? undefined : { do: "write", name, node, pod };
  return { do: "nodePublish", name, node, pod, isReadOnly: isReadOnly || staged.isReadOnly, isForOnePod: false };
}

function usageOn(bed: Bed, model: Model, name: VolumeName): UsageName | undefined {
  const id = model.volumes.get(name)?.id;
  const type = id && bed.backend.disks.get(id)?.signature?.type;
  return type === "ext4" || type === "xfs" ? type : undefined;
}

function downFrom({ name }: Way, model: Model): Step | undefined {
  for (const node of nodeNames) {
    const { staged, targets } = model.stageOf(node, name);
    const pod = pods.find((one) => targets.has(one));
    if (pod !== undefined) return { do: "nodeUnpublish", name, node, pod, pathOf: name };
    if (staged !== undefined) return { do: "unstage", name, node };
  }
  const volume = model.volumes.get(name);
  const [held] = volume?.publications ?? [];
  if (held !== undefined) return { do: "unpublish", name, from: held.node };
  return volume && { do: "delete", name };
}

/** The context that a stage is given: one of the node, or the other node's where it has none. */
export function contextFor(
  { name, node, age }: { readonly name: VolumeName; readonly node: NodeName; readonly age: number },
  model: Model,
): Attachment | undefined {
  const own = model.contextsOf(node, name);
  const others = nodeNames.flatMap((other) => model.contextsOf(other, name));
  return own.at(-1 - Math.min(age, own.length - 1)) ?? others.at(-1);
}

/** The step that takes a step back, where there is one that needs nothing of the step's answer. */
export function inverseOf(step: Step): Step | undefined {
  if (step.do === "publish") return { do: "unpublish", name: step.name, from: step.node };
  if (step.do === "stage") return { do: "unstage", name: step.name, node: step.node };
  if (step.do !== "nodePublish") return undefined;
  const { name, node, pod } = step;
  return { do: "nodeUnpublish", name, node, pod, pathOf: name };
}

/** Whether a step makes something that was not there at all: then its inverse undoes it, however far it went. */
export function isFresh(step: Step, model: Model): boolean {
  if (step.do === "publish") return model.publicationOf(step.node, step.name) === undefined;
  if (step.do !== "stage" && step.do !== "nodePublish") return false;
  const { staged, targets } = model.stageOf(step.node, step.name);
  return step.do === "stage" ? staged === undefined && targets.size === 0 : !targets.has(step.pod);
}
