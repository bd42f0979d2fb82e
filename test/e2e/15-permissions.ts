import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { documentedGrants, type Grant } from "../chart/grants.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Scenario } from "../cluster/scenario.ts";
import { install, namespace } from "../support/release.ts";

const page = join(import.meta.dirname, "../../docs/permissions.md");
const account = `system:serviceaccount:${namespace}:nvmetcp-csi`;
const verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"] as const;
/** What a stolen token would be used for. */
const neverGranted = ["secrets", "configmaps", "pods/exec", "serviceaccounts/token", "leases.coordination.k8s.io"];

/** A question to the API server: may the account do this? An object's name only where a grant is bound to it. */
interface Question {
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly scope: string;
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

function allQuestions(grants: readonly Grant[]): readonly (Question & { readonly answer: string })[] {
  const resources = [...new Set(grants.map(({ resource }) => resource)), ...neverGranted];
  return resources.flatMap((resource) =>
    verbs.flatMap((verb) => {
      const rows = grants.filter((grant) => grant.resource === resource && grant.verbs.includes(verb));
      if (rows.length === 0) return [{ verb, resource, name: "", scope: "namespace", answer: "no" }];
      return rows.flatMap(({ names, scope }) => [
        ...(names.length > 0 ? names : [""]).map((name) => ({ verb, resource, name, scope, answer: "yes" })),
        ...(names.length > 0 ? [{ verb, resource, name: "", scope, answer: "no" }] : []),
        ...(scope === "namespace" ? [{ verb, resource, name: names[0] ?? "", scope: "cluster", answer: "no" }] : []),
      ]);
    }),
  );
}

export const scenario: Scenario = {
  title: "the service account may do what docs/permissions.md says, and nothing else",
  ci: true,
  limitMs: 5 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    const questions = allQuestions(documentedGrants(await readFile(page, "utf8")));
    assert.ok(questions.filter(({ answer }) => answer === "yes").length > 30);
    const wrong: string[] = [];
    for (const question of questions) {
      const got = await may(cluster, question, signal);
      if (got !== question.answer) wrong.push(`${JSON.stringify(question)}: got ${got}`);
    }
    assert.deepEqual(wrong, []);
  },
};
