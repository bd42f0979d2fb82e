/** `npm run build`: the bundle in dist/. */
import { parseArgs } from "node:util";
import { bundle } from "./bundle.ts";
import { readOptions } from "./read-options.ts";

readOptions("npm run build", () => parseArgs({}));
await bundle("dist");
