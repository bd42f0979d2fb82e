/**
 * Started by scratch.ts: reads one directory per line and removes them all when its standard input ends.
 */
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";

const directories: string[] = [];
for await (const line of createInterface({ input: process.stdin })) directories.push(line);
for (const directory of directories) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
