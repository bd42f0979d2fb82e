/** The README's way to a cluster's first volumes, as a user copies it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const readme = join(import.meta.dirname, "../../README.md");

/** The commands, as they stand there; YOUR_DISK in them is for the reader to replace. */
export async function quickStart(): Promise<readonly string[]> {
  const text = await readFile(readme, "utf8");
  const [, block = ""] = /^## Using it from Kubernetes$.*?^```sh\n(.*?)^```$/ms.exec(text) ?? [];
  return block.split("\n").filter((line) => line !== "");
}
