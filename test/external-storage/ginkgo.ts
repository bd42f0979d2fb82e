/**
 * Kubernetes' e2e.test, started by ginkgo in the network of a cluster.
 * 1. What reads only, and so needs no cluster, is asked of e2e.test itself.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { runTool } from "../lab/run-tool.ts";
import { readSpecs, type Spec } from "../support/ginkgo-report.ts";

/** A folder. */
export type SuitePrograms = string;

const driverFile = join(import.meta.dirname, "driver.yaml");

/** Every spec that the suite has for the driver. `work` is a folder for its report. */
export async function listSpecs(
  programs: SuitePrograms,
  prefix: string,
  work: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const report = join(work, "list.json");
  const dryRun = ["--ginkgo.dry-run", `--ginkgo.focus=${prefix}`, `--ginkgo.json-report=${report}`];
  const about = [`-storage.testdriver=${driverFile}`, "-kubeconfig=/none"];
  await runTool([join(programs, "e2e.test"), ...dryRun, ...about], signal, { cwd: work });
  const specs = readSpecs(await readFile(report, "utf8"));
  return specs.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => name);
}

export interface GinkgoRun {
  readonly programs: SuitePrograms;
  /** Full names. */
  readonly specs: readonly string[];
  /** How many at a time. */
  readonly atOnce: number;
  /** In ginkgo's language, such as `!Disruptive`. */
  readonly labels: string;
  readonly signal: AbortSignal;
}

/** Returns what became of each of the specs; its progress and failures are printed. */
export async function runGinkgo(cluster: Cluster, run: GinkgoRun): Promise<readonly Spec[]> {
  const { programs, specs, atOnce, labels, signal } = run;
  const report = join(cluster.directory, "report.json");
  // ginkgo compares with the suite's title in front.
  const exactly = `(${specs.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})$`;
  const argv = [
    ...[join(programs, "ginkgo"), "run", `--focus=${exactly}`, `--label-filter=${labels}`, `--procs=${atOnce}`],
    ...["--timeout=3h", "--no-color", "--silence-skips", `--json-report=${report}`, join(programs, "e2e.test"), "--"],
    ...[`-kubeconfig=${cluster.kubeconfig}`, `-kubectl-path=${join(cluster.programs, "kubectl")}`],
    ...["-provider=local", "-allowed-not-ready-nodes=0", `-storage.testdriver=${driverFile}`],
  ];
  // ginkgo starts a process for each spec at a time. In a process namespace they all end with the first one.
  const isolated = ["--pdeathsig", "KILL", ...cluster.enter, "unshare", "--pid", "--fork", "--kill-child", "--"];
  const child = spawn("setpriv", [...isolated, ...argv], {
    cwd: cluster.directory,
    // Commands on the node come by ssh.
    env: {
      ...process.env,
      LOCAL_SSH_KEY: cluster.sshKey,
      KUBE_SSH_USER: "root",
      HOME: cluster.directory,
      TMPDIR: cluster.directory,
    },
    stdio: ["ignore", "inherit", "inherit"],
    signal,
    killSignal: "SIGKILL",
  });
  // Its exit status says no more than the report.
  await once(child, "close").catch(() => undefined);
  signal.throwIfAborted();
  const chosen = new Set(specs);
  return readSpecs(await readFile(report, "utf8")).filter(({ name }) => chosen.has(name));
}
