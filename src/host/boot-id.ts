/** Which life of the kernel this is: a text that no other one has. */
import { failure } from "../domain/errors.ts";
import { readText } from "./files.ts";

const file = "/proc/sys/kernel/random/boot_id";

export async function bootId(): Promise<string> {
  const text = await readText(file);
  if (text !== undefined) return text;
  throw failure("unavailable", { cannot: `read ${file}`, rule: "proc must be mounted" });
}
