/** What this host remembers as a node: identity, journal, format marks, all under `<stateDir>/node`. */
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { NodeIdentity } from "../domain/model.ts";
import { bootId } from "../host/boot-id.ts";
import { ensureDirectories, listNames, removeFile } from "../host/files.ts";
import { FileFormatMarks } from "../node-journal/file-format-marks.ts";
import { FileJournal } from "../node-journal/file-journal.ts";
import type { FormatMarks, NodeJournal } from "../node-journal/index.ts";
import { ensureNodeIdentity } from "../node-journal/node-identity.ts";

export interface NodeState {
  readonly node: NodeIdentity;
  readonly journal: NodeJournal;
  readonly marks: FormatMarks;
  /** An empty directory for what a check of a file system replaces while it runs. */
  readonly undoDirectory: string;
}

export async function openNodeState({ stateDir, nodeName }: Config): Promise<NodeState> {
  const directory = join(stateDir, "node");
  const [journal, formatted] = [join(directory, "journal"), join(directory, "formatted")];
  const undoDirectory = join(directory, "undo");
  for (const path of [journal, formatted, undoDirectory]) await ensureDirectories(path);
  // Of checks that ended with an earlier process.
  for (const name of await listNames(undoDirectory)) await removeFile(join(undoDirectory, name));
  const marks = new FileFormatMarks({ directory: formatted, now: () => new Date() });
  return {
    node: await ensureNodeIdentity(directory, nodeName),
    journal: new FileJournal({ directory: journal, boot: await bootId() }),
    marks,
    undoDirectory,
  };
}
