/** What a node keeps in files, kept in memory instead: its journal, its format marks, and the paths it made. */
import type { Bytes } from "../../src/domain/capacity.ts";
import { failure } from "../../src/domain/errors.ts";
import type { VolumeId } from "../../src/domain/identity.ts";
import type { TargetPaths } from "../../src/filesystem/index.ts";
import type { FormatMark, FormatMarks, JournalEntry, NodeJournal } from "../../src/node-journal/index.ts";

export class MemoryJournal implements NodeJournal {
  readonly entries = new Map<VolumeId, JournalEntry>();
  async load(volume: VolumeId) {
    return Promise.resolve(this.entries.get(volume));
  }
  async all() {
    return Promise.resolve([...this.entries.values()]);
  }
  async save(entry: JournalEntry) {
    this.entries.set(entry.volume, entry);
    return Promise.resolve();
  }
  async update(volume: VolumeId, change: (entry: JournalEntry) => JournalEntry) {
    const entry = this.entries.get(volume);
    if (entry !== undefined) this.entries.set(volume, change(entry));
    return Promise.resolve();
  }
  async remove(volume: VolumeId) {
    this.entries.delete(volume);
    return Promise.resolve();
  }
}

export class MemoryMarks implements FormatMarks {
  readonly marked = new Map<VolumeId, number>();
  readonly begun = new Map<string, readonly Bytes[]>();
  async begin(volume: VolumeId, epoch: number, size: Bytes) {
    const key = `${volume} ${epoch}`;
    this.begun.set(key, [...(this.begun.get(key) ?? []), size]);
    return Promise.resolve();
  }
  async add(volume: VolumeId, epoch: number) {
    this.marked.set(volume, epoch);
    return Promise.resolve();
  }
  async of(volume: VolumeId, epoch: number): Promise<FormatMark> {
    const begunAt = this.begun.get(`${volume} ${epoch}`) ?? [];
    return Promise.resolve({ isFormatted: this.marked.get(volume) === epoch, begunAt });
  }
  async remove(volume: VolumeId) {
    this.marked.delete(volume);
    for (const key of this.begun.keys()) if (key.startsWith(`${volume} `)) this.begun.delete(key);
    return Promise.resolve();
  }
}

export class MemoryPaths implements TargetPaths {
  readonly made: Map<string, "directory" | "file">;

  /** `existing`: directories that somebody else made. */
  constructor(...existing: readonly string[]) {
    this.made = new Map(existing.map((path) => [path, "directory"]));
  }

  async assertDirectory(path: string) {
    if (this.made.get(path) === "directory") return Promise.resolve();
    throw failure("precondition", { cannot: `use ${path}`, rule: "it must be an existing directory" });
  }
  async ensureTarget(path: string, kind: "directory" | "file") {
    this.made.set(path, kind);
    return Promise.resolve();
  }
  async removeTarget(path: string) {
    this.made.delete(path);
    return Promise.resolve();
  }
}
