/**
 * `node attach.ts SOCKET`: ties this terminal to a shell behind a unix socket; Ctrl-] leaves it.
 */
import { connect } from "node:net";

const escapeByte = 0x1d;
const socket = connect(process.argv[2] ?? "");
const { stdin } = process;
if (stdin.isTTY) stdin.setRawMode(true);
stdin.on("data", (chunk: Buffer) => {
  if (chunk.includes(escapeByte)) socket.destroy();
  else socket.write(chunk);
});
socket.pipe(process.stdout, { end: false });
socket.on("error", (error) => console.error(error.message));
socket.on("close", () => {
  if (stdin.isTTY) stdin.setRawMode(false);
  stdin.destroy();
});
