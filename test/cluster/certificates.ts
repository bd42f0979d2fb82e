/**
 * The cluster's certificate authority, what it issues, and kubeconfig files. EC keys: cheap for an emulated guest.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../lab/run-tool.ts";
import { gateway } from "./address-plan.ts";

/** Names of files in PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

interface Request {
  /** As openssl writes it: /O=group/CN=user. */
  readonly subject: string;
  /** DNS:name or IP:address, for servers. */
  readonly names?: readonly string[];
}

// Without openssl's own configuration, which would make every certificate one of an authority.
const configuration = "[req]\ndistinguished_name = subject\nprompt = no\n[subject]\n";

export class CertificateAuthority {
  readonly certificate: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.certificate = join(directory, "ca.crt");
  }

  static async create(directory: string, signal: AbortSignal): Promise<CertificateAuthority> {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "openssl.cnf"), configuration);
    const authority = new CertificateAuthority(directory);
    const authorityOnly = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];
    await authority.#request("ca", "/CN=test-cluster", authorityOnly, [], signal);
    return authority;
  }

  /** A key with a certificate that is good for both ends of a connection. */
  async issue(name: string, { subject, names = [] }: Request, signal: AbortSignal): Promise<KeyPair> {
    const usage = "extendedKeyUsage=serverAuth,clientAuth";
    const extensions = [usage, ...(names.length === 0 ? [] : [`subjectAltName=${names.join(",")}`])];
    const signer = ["-CA", this.certificate, "-CAkey", join(this.#directory, "ca.key")];
    return this.#request(name, subject, extensions, signer, signal);
  }

  /** A kubeconfig file in itself: a certificate for the subject and what it trusts. */
  async kubeconfig(file: string, subject: string, signal: AbortSignal): Promise<string> {
    const name = `kubeconfig-${subject.replaceAll(/[^a-z0-9]+/gi, "-")}`;
    const pair = await this.issue(name, { subject }, signal);
    const inline = async (path: string) => (await readFile(path)).toString("base64");
    const cluster = {
      server: `https://${gateway}`,
      "certificate-authority-data": await inline(this.certificate),
    };
    const user = {
      "client-certificate-data": await inline(pair.certificate),
      "client-key-data": await inline(pair.key),
    };
    const content = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
      clusters: [{ name: "test", cluster }],
      users: [{ name: "test", user }],
    };
    await writeFile(file, JSON.stringify(content), { mode: 0o600 });
    return file;
  }

  async #request(
    name: string,
    subject: string,
    extensions: readonly string[],
    signer: readonly string[],
    signal: AbortSignal,
  ): Promise<KeyPair> {
    const pair = { certificate: join(this.#directory, `${name}.crt`), key: join(this.#directory, `${name}.key`) };
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pair.key];
    const request = [
      "openssl",
      "req",
      "-x509",
      "-config",
      join(this.#directory, "openssl.cnf"),
      "-days",
      "3650",
    ] as const;
    const added = extensions.flatMap((extension) => ["-addext", extension]);
    await runTool([...request, ...newKey, "-subj", subject, ...added, ...signer, "-out", pair.certificate], signal);
    return pair;
  }
}

/** What service account tokens are signed and checked with. */
export async function serviceAccountKeys(
  directory: string,
): Promise<{ readonly sign: string; readonly check: string }> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const keys = { sign: join(directory, "service-account.key"), check: join(directory, "service-account.pub") };
  await writeFile(keys.sign, privateKey, { mode: 0o600 });
  await writeFile(keys.check, publicKey);
  return keys;
}
