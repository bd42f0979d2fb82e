/** `npm run image -- --output FILE.tar`: the driver's container image as an archive, made without an image registry. */
import { parseArgs } from "node:util";
import { writeDriverImage } from "../test/image/driver-image.ts";
import { readOptions } from "./read-options.ts";

const output = readOptions("npm run image -- --output FILE.tar", () => {
  const { values } = parseArgs({ options: { output: { type: "string", default: "" } } });
  if (values.output === "") throw new Error("--output is needed");
  return values.output;
});
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
try {
  const { name, revision } = await writeDriverImage(output, stop.signal);
  console.log(`${output}: ${name}, revision ${revision}`);
} catch (error) {
  console.error(`image: ${stop.signal.aborted ? "ended by a signal" : String(error)}`);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
