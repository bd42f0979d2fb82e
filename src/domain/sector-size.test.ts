import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sectorFault } from "./sector-size.ts";

const head = (write: (buffer: Buffer) => void) => {
  const buffer = Buffer.alloc(8192);
  write(buffer);
  return buffer;
};
const gpt = (sector: number) => head((b) => b.write("EFI PART", sector, "latin1"));
const mbr = (type: number) =>
  head((b) => {
    b.writeUInt16LE(0xaa55, 510);
    b[446 + 4] = type;
  });
const xfs = (sector: number) =>
  head((b) => {
    b.write("XFSB", 0, "latin1");
    b.writeUInt16BE(sector, 102);
  });
const ext4 = (logBlock: number) =>
  head((b) => {
    b.writeUInt16LE(0xef53, 1024 + 0x38);
    b.writeUInt32LE(logBlock, 1024 + 0x18);
  });

describe("content on sectors of 4096 bytes", () => {
  for (const [what, content, fault] of [
    ["nothing", head(() => undefined), undefined],
    ["a GPT for them", gpt(4096), undefined],
    ["a GPT for 512", gpt(512), "its GPT is for sectors of 512 bytes"],
    ["an MBR with a partition", mbr(0x83), "its MBR counts in sectors of 512 bytes"],
    ["an MBR that only protects a GPT", mbr(0xee), undefined],
    ["an xfs for them", xfs(4096), undefined],
    ["an xfs for 512", xfs(512), "its xfs is for sectors of 512 bytes"],
    ["an ext4 with blocks of 4 KiB", ext4(2), undefined],
    ["an ext4 with blocks of 1 KiB", ext4(0), "its ext4 has blocks of 1024 bytes"],
  ] as const) {
    it(`${fault === undefined ? "is fine as" : "is refused as"} ${what}`, () => {
      assert.equal(sectorFault(content, 4096), fault);
    });
  }

  it("is refused on smaller ones only if it is a GPT for larger ones", () => {
    assert.equal(sectorFault(gpt(4096), 512), "its GPT is for sectors of 4096 bytes");
    for (const content of [gpt(512), mbr(0x83), xfs(512), ext4(0), xfs(4096)]) {
      assert.equal(sectorFault(content, 512), undefined);
    }
  });
});
