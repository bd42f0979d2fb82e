/**
 * Runs in the init container `kernel-modules`: node -e FILE load|check [dm-thin-pool] [SYSFS]. Loads what the driver needs
 * from the node's kernel, or only looks; whatever is missing is told in one line on standard error, with status 1.
 */
"use strict";
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { setTimeout: pause } = require("node:timers/promises");

const [mode, ...rest] = process.argv.slice(1);
const isThin = rest[0] === "dm-thin-pool";
const sysfs = rest[isThin ? 1 : 0] ?? "/sys";
const target = `${sysfs}/kernel/config/nvmet`;
// nvmet as a built-in part of a kernel may have no entry in /sys/module, but always its directory in configfs.
const places = {
  "nvmet-tcp": `${sysfs}/module/nvmet_tcp`,
  "nvme-tcp": `${sysfs}/module/nvme_tcp`,
  // LVM takes no snapshot without the second, though a thin volume's is none of its kind.
  ...(isThin && { "dm-thin-pool": `${sysfs}/module/dm_thin_pool`, "dm-snapshot": `${sysfs}/module/dm_snapshot` }),
};
const names = Object.keys(places);

/** Why the module is not there, or nothing. */
function missing(name) {
  if (existsSync(places[name])) return "";
  if (mode !== "load") return `${name} is not loaded`;
  const { status, stderr, error } = spawnSync("modprobe", [name], { encoding: "utf8" });
  if (status === 0) return "";
  return (stderr || String(error ?? `modprobe ${name}: status ${status}`)).trim().replaceAll("\n", "; ");
}

/** configfs is often mounted by the host's init system in answer to the module, a moment later. */
async function hasConfigfs() {
  for (let tries = mode === "load" ? 50 : 1; tries > 0; tries -= 1) {
    if (existsSync(target)) return true;
    if (tries > 1) await pause(200);
  }
  return false;
}

function refuse(rule, got) {
  console.error(`cannot run the driver on this node: ${rule}; got "${got}"`);
  process.exitCode = 1;
}

async function main() {
  const faults = names.map(missing).filter(Boolean);
  if (faults.length > 0) {
    const hint = `on the node: modprobe -a ${names.join(" ")}; some distributions have them in a package of their own`;
    return refuse(`its kernel must have the modules ${names.join(" and ")} (${hint})`, faults.join("; "));
  }
  if (!(await hasConfigfs())) {
    const rule = "configfs must be mounted (on the node: mount -t configfs configfs /sys/kernel/config)";
    return refuse(rule, `no directory ${target}`);
  }
  console.log(`kernel: ${names.join(", ")} and configfs are there`);
}

void main();
