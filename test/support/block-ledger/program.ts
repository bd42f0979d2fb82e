/**
 * Runs in a machine of the lab: `write PATHS VOLUME BLOCKS FIRST` writes one block after the other, each to a place that depends
 * on its sequence alone, and says the sequence once the write is on the medium; `read PATHS BLOCKS FIRST` prints what each block
 * is, a list for each path. Of several paths, with commas between, each write goes to the next one. FIRST is the number of the
 * first block of the ledger.
 */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { blockSize, decodeBlock, encodeBlock } from "./block.ts";
import { memberOf, placeOf } from "./place.ts";

const [verb, list = "", ...rest] = process.argv.slice(2);
const paths = list.split(",");

function write(volume: string, blocks: number, first: number): void {
  const files = paths.map((path) => openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_DSYNC));
  for (let sequence = 1; ; sequence += 1) {
    const file = files[memberOf(sequence, files.length)] ?? -1;
    const number = first + placeOf(sequence, blocks);
    writeSync(file, encodeBlock({ volume, number, sequence }), 0, blockSize, number * blockSize);
    writeSync(1, `${sequence}\n`);
  }
}

function read(path: string, blocks: number, first: number) {
  const file = openSync(path, constants.O_RDONLY);
  const block = Buffer.alloc(blockSize);
  const found = Array.from({ length: blocks }, (_, number) => {
    block.fill(0);
    readSync(file, block, 0, blockSize, (first + number) * blockSize);
    return decodeBlock(block);
  });
  closeSync(file);
  return found;
}

if (verb === "write") write(rest[0] ?? "", Number(rest[1]), Number(rest[2]));
else writeSync(1, `${JSON.stringify(paths.map((path) => read(path, Number(rest[0]), Number(rest[1]))))}\n`);
