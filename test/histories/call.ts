/** Makes the call of a step, and gives back what the caller learns from the answer. */
import { defaultMkfsOptions } from "../../src/domain/class-parameters.ts";
import { failure } from "../../src/domain/errors.ts";
import type { Attachment, Snapshot, Usage, Volume, VolumeSource } from "../../src/domain/model.ts";
import type { VolumeStats } from "../../src/services/stats.ts";
import type { Bed } from "./bed.ts";
import type { Model } from "./model.ts";
import { stagingOf, targetOf, type VolumeName } from "./names.ts";
import { isReader, isReadOnlyFor, originalOf } from "./predict.ts";
import { contextFor } from "./resolve.ts";
import type { Step, UsageName } from "./steps.ts";

export type Answer =
  | { readonly volume: Volume }
  | { readonly snapshot: Snapshot }
  | { readonly attachment: Attachment }
  | { readonly stats: VolumeStats }
  | { readonly deviceSize: bigint }
  | { readonly token: string }
  | { readonly done: true };

const done = { done: true } as const;
const { signal } = new AbortController();

function usageOf(name: UsageName): Usage {
  return name === "block" ? { kind: "block" } : { kind: "filesystem", type: name, options: [] };
}

export async function call(step: Step, model: Model, bed: Bed): Promise<Answer> {
  if ("node" in step) return await callNode(step, model, bed);
  switch (step.do) {
    case "create": {
      const { name, size: required, source: from, isForWriters } = step;
      const source = from && ({ kind: from.kind, id: originalOf(from, model, bed).id } as VolumeSource);
      const writers = isForWriters ? ({ multiWriter: "block" } as const) : {};
      const request = { name, capacity: { required }, ...(source && { source }), ...writers };
      return { volume: await bed.provisioning.create(request, signal) };
    }
    case "delete":
      await bed.provisioning.delete(idOf(step.name, model, bed), signal);
      return done;
    case "expand": {
      const range = step.isLimit ? { limit: step.size } : { required: step.size };
      return { volume: await bed.provisioning.expand(idOf(step.name, model, bed), range, signal) };
    }
    case "createSnapshot": {
      const request = { name: step.snapshot, source: idOf(step.name, model, bed) };
      return { snapshot: await bed.snapshots.create(request, signal) };
    }
    case "deleteSnapshot": {
      const id = model.snapshotIds.get(step.snapshot) ?? bed.strangeSnapshot(step.snapshot);
      await bed.snapshots.delete(id, signal);
      return done;
    }
    case "unpublish": {
      const from = step.from === "everyone" ? "" : bed.nodes[step.from].identity.id;
      await bed.attachments.unpublish(idOf(step.name, model, bed), from, signal);
      return done;
    }
  }
}

function idOf(name: VolumeName, model: Model, bed: Bed) {
  return model.ids.get(name) ?? bed.strangeVolume(name);
}

async function callNode(step: Extract<Step, { node: string }>, model: Model, bed: Bed): Promise<Answer> {
  const node = bed.nodes[step.node];
  if (step.do === "restart") {
    node.restart();
    return done;
  }
  const volume = idOf(step.name, model, bed);
  const stagingPath = stagingOf(step.name);
  const { staging, publishing, expansion, stats } = node.services;
  switch (step.do) {
    case "publish": {
      const { sharing } = step;
      const how = {
        access: isReader(step) ? "read-only" : "read-write",
        ...(sharing !== "alone" && { sharing }),
      } as const;
      const request = { nodeId: node.identity.id, ...how };
      return { attachment: await bed.attachments.publish(volume, request, signal) };
    }
    case "stage": {
      const attachment = contextFor(step, model);
      if (attachment === undefined) throw new Error("BUG: a stage without a context");
      const usage = usageOf(step.usage);
      await staging.stage({ volume, attachment, stagingPath, usage, mkfs: defaultMkfsOptions }, signal);
      return done;
    }
    case "unstage":
      await staging.unstage(volume, stagingPath, signal);
      return done;
    case "nodePublish":
      await publishing.publish({ volume, stagingPath, ...publishOf(step, model) }, signal);
      return done;
    case "nodeUnpublish":
      await publishing.unpublish(volume, targetOf(step.pathOf, step.pod), signal);
      return done;
    case "nodeExpand": {
      const path = step.at === "staging" ? stagingPath : targetOf(step.name, step.at);
      const required = model.volumes.get(step.name)?.size ?? 0n;
      return { deviceSize: await expansion.expand({ volume, path, capacity: { required } }, signal) };
    }
    case "stats":
      return { stats: await stats.of(volume, targetOf(step.name, step.pod), signal) };
    case "write": {
      const token = model.newToken();
      if (await node.write(targetOf(step.name, step.pod), token)) return { token };
      throw failure("unavailable", { cannot: "write", rule: "the path must show a device that takes writes" });
    }
    case "lose":
      await node.lose(volume);
      return done;
  }
}

function publishOf(step: Extract<Step, { do: "nodePublish" }>, model: Model) {
  const { staged } = model.stageOf(step.node, step.name);
  return {
    targetPath: targetOf(step.name, step.pod),
    usage: usageOf(staged?.usage ?? "ext4"),
    readOnly: isReadOnlyFor(step.isReadOnly, staged),
    isForOnePod: step.isForOnePod,
  };
}
