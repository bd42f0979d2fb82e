/**
 * Static programs of a Kubernetes cluster, built from Go modules and kept in the user's cache by what they are made of.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { goModule } from "../lab/go-module.ts";
import { runTool } from "../lab/run-tool.ts";
import { cached } from "./cache.ts";
import { kubernetesVersion, programGroups } from "./go-program-groups.ts";
import type { ProgramGroup, ProgramGroupName } from "./go-program-groups.ts";
import type { Progress } from "./progress.ts";

const kubernetes = `k8s.io/kubernetes@v${kubernetesVersion}`;

const environment = { CGO_ENABLED: "0", GOFLAGS: "-mod=mod -trimpath -buildvcs=false" };

/** Two versions of each group. */
const kind = { name: "programs", keep: 6 };

/** How often a long build says that it lives. */
const reportMs = 20_000;

/** The folder that holds the programs of a group. The first build of a version takes minutes. */
export async function goPrograms(name: ProgramGroupName, progress: Progress, signal: AbortSignal): Promise<string> {
  const group: ProgramGroup = programGroups[name];
  const hash = createHash("sha256").update(JSON.stringify([kubernetes, environment, group]));
  const make = async (folder: string, work: string) => {
    const started = performance.now();
    progress(`building ${name} v${kubernetesVersion} from Go modules, once; this takes minutes`);
    await prepareModule(group, work, signal);
    for (const { command, linkerFlags, packages, output = "" } of group.builds) {
      const argv = [...command, "-ldflags", linkerFlags, "-o", `${folder}/${output}`, ...packages];
      await runGo(argv, work, (line) => progress(`${name}: ${line}`), signal);
    }
    progress(`${name} built in ${Math.round((performance.now() - started) / 1000)} s`);
  };
  return cached(kind, `${name}-${hash.digest("hex").slice(0, 16)}`, make, signal);
}

/** A throw-away module that requires what is to be built. */
async function prepareModule(group: ProgramGroup, work: string, signal: AbortSignal): Promise<void> {
  const go = async (...argv: string[]) => runTool(["go", ...argv], signal, { cwd: work, env: environment });
  await go("mod", "init", "nvmetcp.dev/test-cluster").catch((error: unknown) => {
    throw new Error("cannot build the cluster's programs: Go is needed (see https://go.dev/dl)", { cause: error });
  });
  const requires = [kubernetes, ...group.modules].map((module) => `-require=${module}`);
  const { goMod } = await goModule(kubernetes, signal);
  await go("mod", "edit", ...requires, ...stagingModules(await readFile(goMod, "utf8")));
}

/**
 * Kubernetes points its own staging modules at ./staging, which counts in the main module only: anybody else has to
 * repeat each of those lines with the published version.
 */
function stagingModules(goMod: string): string[] {
  const published = `v0.${kubernetesVersion.slice(kubernetesVersion.indexOf(".") + 1)}`;
  const lines = goMod.matchAll(/^\s*(k8s\.io\/[a-z-]+) => \.\/staging\//gm);
  return [...lines].map(([, module = ""]) => `-replace=${module}=${module}@${published}`);
}

/** Runs go to its end; meanwhile says now and then how many packages it has named on standard error. */
async function runGo(argv: readonly string[], work: string, progress: Progress, signal: AbortSignal): Promise<void> {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "go", ...argv], {
    cwd: work,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
    signal,
  });
  const closed = once(child, "close");
  const started = performance.now();
  const last: string[] = [];
  let packages = 0;
  const report = () => {
    const done = packages > 0 ? `${packages} packages, ` : "";
    progress(`${done}${Math.round((performance.now() - started) / 1000)} s`);
  };
  const timer = setInterval(report, reportMs);
  try {
    const read = async () => {
      for await (const line of createInterface({ input: child.stderr })) {
        // What it downloads is named there too.
        if (!line.startsWith("go: ")) packages++;
        last.push(line);
        if (last.length > 20) last.shift();
      }
    };
    await Promise.all([closed, read()]);
  } finally {
    clearInterval(timer);
  }
  if (child.exitCode === 0) return;
  const status = child.signalCode ?? `exit status ${child.exitCode ?? "unknown"}`;
  throw new Error(`cannot run go ${argv.join(" ")}: exit status 0 expected; got ${status}\n${last.join("\n")}`);
}
