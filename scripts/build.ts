/** `npm run build`: the bundle in dist/. */
import { bundle } from "./bundle.ts";

await bundle("dist");
