/** All families of figures by the name that picks them. */
import { controlPlane } from "./control-plane.ts";
import { copying } from "./copies.ts";
import { dataPath } from "./data-path.ts";
import type { Figure, RoundsOptions } from "./figure.ts";
import { listing } from "./listing.ts";
import { parallel } from "./parallel.ts";
import { processes } from "./process.ts";
import { staging } from "./staging.ts";

export const families: Readonly<Record<string, (options: RoundsOptions) => Promise<readonly Figure[]>>> = {
  process: processes,
  listing,
  staging,
  copies: copying,
  "control-plane": controlPlane,
  parallel,
  "data-path": dataPath,
};
