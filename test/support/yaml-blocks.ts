/** Examples in Markdown: readers copy them, so tests try them. */
import { loadAll } from "js-yaml";

/** The objects in a page's blocks of YAML. */
export function yamlBlocks(page: string): readonly unknown[] {
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml]) => yaml ?? "");
  return blocks.flatMap((yaml): readonly unknown[] => loadAll(yaml));
}
