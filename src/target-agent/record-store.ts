/**
 * Records of one kind in a directory: each a file that is written durably, read once at the start and kept in memory. Only
 * the process that holds the machine lock writes here.
 */
import { join } from "node:path";
import { listNames, readText, removeFile, syncDirectory, writeDurable } from "../host/files.ts";
import { serializeRecord } from "./volume-record.ts";

const ending = ".json";

interface Recorded {
  readonly id: string;
}

export interface RecordKind<R extends Recorded> {
  /** Whether a file of this name, without its ending, is one of a record of the kind. */
  readonly isId: (name: string) => boolean;
  readonly parse: (file: string, text: string) => R;
}

export class RecordStore<R extends Recorded> {
  readonly #directory: string;
  readonly #records = new Map<R["id"], R>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open<R extends Recorded>(directory: string, { isId, parse }: RecordKind<R>): Promise<RecordStore<R>> {
    const store = new RecordStore<R>(directory);
    for (const name of await listNames(directory)) {
      if (!name.endsWith(ending) || !isId(name.slice(0, -ending.length))) continue;
      const file = join(directory, name);
      const record = parse(file, (await readText(file)) ?? "");
      store.#records.set(record.id, record);
    }
    return store;
  }

  #path(id: R["id"]): string {
    return join(this.#directory, `${id}${ending}`);
  }

  get(id: R["id"]): R | undefined {
    return this.#records.get(id);
  }

  /** In the order of their ids. */
  all(): readonly R[] {
    return [...this.#records.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async save(record: R): Promise<R> {
    await writeDurable(this.#path(record.id), serializeRecord(record));
    this.#records.set(record.id, record);
    return record;
  }

  async forget(id: R["id"]): Promise<void> {
    await removeFile(this.#path(id));
    await syncDirectory(this.#directory);
    this.#records.delete(id);
  }
}
