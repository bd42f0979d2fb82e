import assert from "node:assert/strict";
import { once } from "node:events";
import { lstat, mkdtempDisposable } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { failure } from "../domain/errors.ts";
import { askJson, serveJson, type Route } from "./json-socket.ts";
import { answers } from "./unix-socket.ts";

const signal = () => AbortSignal.timeout(5000);

async function serve(t: TestContext, routes: Readonly<Record<string, Route>>): Promise<string> {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-json-"));
  const socket = path.join(directory.path, "admin.sock");
  const served = await serveJson(socket, routes);
  t.after(async () => {
    await served[Symbol.asyncDispose]();
    assert.equal(await answers(socket), false);
    await directory.remove();
  });
  return socket;
}

const echo: Route = async (question) => Promise.resolve({ question });

describe("calls over a unix socket", () => {
  it("bring a question to its route and the answer back, to the owner of the socket alone", async (t) => {
    const socket = await serve(t, { "POST /echo": echo, "GET /echo": echo });
    assert.equal((await lstat(socket)).mode & 0o777, 0o600);
    assert.deepEqual(await askJson(socket, "POST /echo", { a: 1, b: ["é"] }, signal()), {
      question: { a: 1, b: ["é"] },
    });
    assert.deepEqual(await askJson(socket, "GET /echo", { a: "x y&z" }, signal()), { question: { a: "x y&z" } });
  });

  it("fail with the kind and the sentence of the other end (J1)", async (t) => {
    const socket = await serve(t, {
      "POST /refuse": async () => Promise.reject(failure("not_found", { cannot: "find it", rule: "no" })),
      "POST /break": async () => Promise.reject(new Error("broken")),
    });
    await assert.rejects(askJson(socket, "POST /refuse", {}, signal()), {
      kind: "not_found",
      message: "cannot find it: no",
    });
    await assert.rejects(askJson(socket, "POST /break", {}, signal()), { kind: "unavailable", message: "broken" });
    for (const absent of ["GET /refuse", "POST /toString", "POST /"]) {
      await assert.rejects(askJson(socket, absent, {}, signal()), { kind: "not_found" });
    }
  });

  it("take no endless question, and what is no JSON for none", async (t) => {
    const socket = await serve(t, { "POST /echo": echo });
    const long = askJson(socket, "POST /echo", { text: "x".repeat(70_000) }, signal());
    await assert.rejects(long, { kind: "invalid_argument", message: /at most 65536 bytes/ });
    const connection = createConnection(socket);
    connection.write("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\nconnection: close\r\n\r\n{");
    const [said] = (await once(connection, "data", { signal: signal() })) as [Buffer];
    assert.match(said.toString(), /200 OK[^]*\{\}/, "the route decides: it got nothing");
    connection.destroy();
  });

  it("end the work of a caller who goes away (J2)", async (t) => {
    const { promise: ended, resolve } = Promise.withResolvers<undefined>();
    const caller = new AbortController();
    const socket = await serve(t, {
      "POST /wait": async (_question, gone) => {
        caller.abort(new Error("enough"));
        await once(gone, "abort", { signal: signal() });
        resolve(undefined);
      },
    });
    await assert.rejects(askJson(socket, "POST /wait", {}, caller.signal));
    await ended;
  });
});
