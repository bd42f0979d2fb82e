/** The text form of a portal: `192.0.2.1:4420` or `[2001:db8::1]:4420`. */
import { isIP } from "node:net";
import type { Portal } from "./model.ts";

export function formatPortal({ address, port }: Portal): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The portal that a text names, or undefined: host names are not portals. */
export function parsePortal(text: string): Portal | undefined {
  const groups = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<four>[0-9.]+)):(?<port>\d{1,5})$/.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { six, four, port: digits } = groups;
  const address = six ?? four ?? "";
  const port = Number(digits);
  return isIP(address) === (six === undefined ? 4 : 6) && port >= 1 && port <= 65_535 ? { address, port } : undefined;
}
