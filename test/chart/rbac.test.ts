/** The roles give each component what docs/permissions.md says, and nothing else. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { bindings, documentedGrants, isForGroups, isForSnapshots, renderedGrants, roles } from "./grants.ts";
import { namespace, render } from "./render.ts";

const signal = AbortSignal.timeout(30 * 60 * 1000);
const page = await readFile(join(import.meta.dirname, "../../docs/permissions.md"), "utf8");
const manifests = await render("group-snapshots", signal);

describe("the chart's roles", () => {
  it("are those of docs/permissions.md, row by row", () => {
    const documented = documentedGrants(page);
    assert.ok(documented.length > 10, "the table is found");
    assert.deepEqual(renderedGrants(manifests), documented);
  });

  it("have no rights about snapshots by default", async () => {
    const documented = documentedGrants(page).filter((grant) => !isForSnapshots(grant));
    assert.deepEqual(renderedGrants(await render(undefined, signal)), documented);
  });

  it("have no rights about groups of snapshots where only VolumeSnapshots are wanted", async () => {
    const documented = documentedGrants(page).filter((grant) => !isForGroups(grant));
    assert.ok(documented.some(isForSnapshots) && documented.length < renderedGrants(manifests).length);
    assert.deepEqual(renderedGrants(await render("snapshots", signal)), documented);
  });

  it("have one binding each, to the one service account of the pod", () => {
    const bound = bindings(manifests).map(({ kind, metadata, roleRef, subjects }) => {
      assert.deepEqual(subjects, [{ kind: "ServiceAccount", name: "nvmetcp-csi", namespace }]);
      assert.equal(kind, `${roleRef.kind}Binding`);
      return [roleRef.kind, roleRef.name, metadata.namespace];
    });
    const all = roles(manifests).map(({ kind, metadata }) => [kind, metadata.name, metadata.namespace]);
    assert.deepEqual(bound.toSorted(), all.toSorted());
  });

  it("grant no secrets, no wildcards, no nodes/proxy, no right to widen rights", () => {
    const text = JSON.stringify(renderedGrants(manifests));
    assert.doesNotMatch(text, /secrets|"\*|nodes\/|escalate|impersonate|"bind"|rolebindings/);
  });

  it("do not read kube-system when the cluster's id is given", async () => {
    const grants = renderedGrants(await render("group-snapshots", signal, { clusterId: "lab" }));
    const expected = documentedGrants(page).filter(({ resource }) => resource !== "namespaces");
    assert.deepEqual(grants, expected);
  });

  it("are compared by a reader of tables that sees a missing verb", () => {
    const row = "| driver | cluster | `events` | | `create`, `patch` | says why |";
    const [grant] = documentedGrants(`| component | scope |\n| --- | --- |\n${row}`);
    assert.deepEqual(grant, {
      component: "driver",
      scope: "cluster",
      resource: "events",
      names: [],
      verbs: ["create", "patch"],
    });
    assert.notDeepEqual(documentedGrants(row.replace(", `patch`", "")), [grant]);
  });
});
