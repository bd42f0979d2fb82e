/** What this host remembers as a node: identity, journal, format marks, all under `<stateDir>/node`. */
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { NodeIdentity } from "../domain/model.ts";
import { ensureDirectories } from "../host/files.ts";
import { FileFormatMarks } from "../node-journal/file-format-marks.ts";
import { FileJournal } from "../node-journal/file-journal.ts";
import type { FormatMarks, NodeJournal } from "../node-journal/index.ts";
import { ensureNodeIdentity } from "../node-journal/node-identity.ts";

export interface NodeState {
  readonly node: NodeIdentity;
  readonly journal: NodeJournal;
  readonly marks: FormatMarks;
}

export async function openNodeState({ stateDir, nodeName }: Config): Promise<NodeState> {
  const directory = join(stateDir, "node");
  const [journal, formatted] = [join(directory, "journal"), join(directory, "formatted")];
  for (const path of [journal, formatted]) await ensureDirectories(path);
  const marks = new FileFormatMarks({ directory: formatted, now: () => new Date() });
  return { node: await ensureNodeIdentity(directory, nodeName), journal: new FileJournal(journal), marks };
}
