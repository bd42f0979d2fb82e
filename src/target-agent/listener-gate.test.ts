import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Exec } from "../host/exec.ts";
import { ListenerGate } from "./listener-gate.ts";

const portals = [
  { address: "192.0.2.1", port: 4420 },
  { address: "192.0.2.2", port: 4421 },
  { address: "2001:db8::1", port: 4420 },
];

function makeGate(exitCode = 0) {
  const runs: { readonly command: readonly string[]; readonly input: string }[] = [];
  const exec: Exec = async (file, args, { input = "" }) => {
    runs.push({ command: [file, ...args], input });
    return Promise.resolve({ exitCode, signal: undefined, stdout: "", stderr: exitCode === 0 ? "" : "no permission" });
  };
  return { runs, gate: new ListenerGate({ exec, portals }) };
}

describe("the gate before the listeners", () => {
  it("refuses new connections to the data ports, each once, in a table of its own", async (t) => {
    const { runs, gate } = makeGate();
    await gate.close(t.signal);
    const [run] = runs;
    assert.deepEqual(run?.command, ["nft", "-f", "-"]);
    assert.match(run.input, /tcp dport \{ 4420, 4421 \} tcp flags syn reject with tcp reset/);
    assert.match(run.input, /policy accept/);
    const tables = [...run.input.matchAll(/\btable (\w+ \w+)/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(tables)], ["inet nvmetcp_csi"]);
  });

  it("opens by taking its own table away, also when there is none", async (t) => {
    const { runs, gate } = makeGate();
    await gate.open(t.signal);
    assert.equal(runs[0]?.input, "add table inet nvmetcp_csi\ndelete table inet nvmetcp_csi\n");
  });

  it("does not count as closed when nft fails", async (t) => {
    const { gate } = makeGate(1);
    await assert.rejects(gate.close(t.signal), { kind: "unavailable", message: /no permission/ });
  });
});
