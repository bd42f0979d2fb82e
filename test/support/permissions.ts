/** Whether the cluster lets the chart's service account do what docs/permissions.md says, and nothing else. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { documentedGrants, isForSnapshots, type Grant } from "../chart/grants.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { driverPod, namespace } from "./release.ts";

const page = join(import.meta.dirname, "../../docs/permissions.md");
const account = `system:serviceaccount:${namespace}:nvmetcp-csi`;
const verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"] as const;

/** A question to the API server: may the account do this? An object's name only where a grant is bound to it. */
interface Question {
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly scope: string;
}

/** The rows of the page. */
export async function documented(): Promise<readonly Grant[]> {
  return documentedGrants(await readFile(page, "utf8"));
}

async function may(cluster: Cluster, { verb, resource, name, scope }: Question, signal: AbortSignal): Promise<string> {
  // "volumeattachments/status.storage.k8s.io" is the subresource status of volumeattachments.storage.k8s.io.
  const [, plural = "", subresource = "", group = ""] = /^([^./]+)(?:\/([^.]+))?(\..*)?$/.exec(resource) ?? [];
  const object = `${plural}${group}${name === "" ? "" : `/${name}`}`;
  const sub = subresource === "" ? [] : [`--subresource=${subresource}`];
  const where = scope === "cluster" ? ["--all-namespaces"] : [`--namespace=${namespace}`];
  const question = ["auth", "can-i", verb, object, ...sub, ...where, `--as=${account}`];
  // It ends with exit status 1 for a "no".
  return (
    await cluster.run(["sh", "-c", '"$@" 2>/dev/null || true', "sh", `${cluster.programs}/kubectl`, ...question], {
      signal,
    })
  ).trim();
}

type Answered = Question & { readonly answer: string };

function questionsAbout(resource: string, grants: readonly Grant[]): readonly Answered[] {
  return verbs.flatMap((verb) => {
    const rows = grants.filter((grant) => grant.resource === resource && grant.verbs.includes(verb));
    if (rows.length === 0) return [{ verb, resource, name: "", scope: "namespace", answer: "no" }];
    return rows.flatMap(({ names, scope }) => [
      ...(names.length > 0 ? names : [""]).map((name) => ({ verb, resource, name, scope, answer: "yes" })),
      ...(names.length > 0 ? [{ verb, resource, name: "", scope, answer: "no" }] : []),
      ...(scope === "namespace" ? [{ verb, resource, name: names[0] ?? "", scope: "cluster", answer: "no" }] : []),
    ]);
  });
}

export interface Verdict {
  /** How many questions had to be answered with yes. */
  readonly granted: number;
  /** Answers that were not as they had to be. */
  readonly wrong: readonly string[];
}

/** Asks for each verb on each of the resources; `grants` are the rights there must be, and there must be no other. */
export async function askPermissions(
  cluster: Cluster,
  resources: readonly string[],
  grants: readonly Grant[],
  signal: AbortSignal,
): Promise<Verdict> {
  const questions = [...new Set(resources)].flatMap((resource) => questionsAbout(resource, grants));
  const wrong: string[] = [];
  for (const question of questions) {
    const got = await may(cluster, question, signal);
    if (got !== question.answer) wrong.push(`${JSON.stringify(question)}: got ${got}`);
  }
  return { granted: questions.filter(({ answer }) => answer === "yes").length, wrong };
}

const groups = ["volumegroupsnapshotcontents", "volumegroupsnapshots"].map(
  (name) => `${name}.groupsnapshot.storage.k8s.io`,
);

/** Of VolumeSnapshots and groups of them, the account may do what is in the rows, and nothing else. */
export async function assertSnapshotPermissions(
  cluster: Cluster,
  grants: readonly Grant[],
  signal: AbortSignal,
): Promise<void> {
  const resources = grants.filter(isForSnapshots).map(({ resource }) => resource);
  const { granted, wrong } = await askPermissions(cluster, [...resources, ...groups], grants, signal);
  assert.ok(granted > 10);
  assert.deepEqual(wrong, []);
}

/** What was granted to these containers of the driver's pod was enough. */
export async function assertNothingForbidden(
  cluster: Cluster,
  containers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const container of containers) {
    const logs = ["logs", driverPod, `--namespace=${namespace}`, `--container=${container}`];
    assert.doesNotMatch(await cluster.kubectl(logs, { signal }), /forbidden/i, container);
  }
}
