/** Mode, configuration, run: the only place where the process ends. */
import { carryOut } from "./app/orders.ts";
import { run } from "./app/run.ts";
import { loadConfig, usage } from "./config/config.ts";
import { loadOrder, orders } from "./config/order.ts";
import { messageOf } from "./domain/errors.ts";

const fatal = (text: string): never => {
  process.stderr.write(`${text}\n`);
  process.exit(1);
};

/** Whatever hangs, in a start or in a drain: 5 s after the signal the process is gone. */
const lastMs = 5000;
function end(): void {
  stop.abort();
  setTimeout(() => process.kill(process.pid, "SIGKILL"), lastMs).unref();
}

process.umask(0o077);
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, end);

const argv = process.argv.slice(2);
if (argv.includes("--help") || argv.length === 0) {
  process.stdout.write(`${usage()}\n`);
  process.exit(0);
}
try {
  if (orders.some((order) => order === argv[0])) {
    process.stdout.write(`${await carryOut(loadOrder(argv, process.env), stop.signal)}\n`);
  } else await run(loadConfig(argv, process.env), stop.signal);
} catch (error) {
  fatal(messageOf(error));
}
// A thread that hangs in a file call would keep `exit` waiting for ever (V32).
if (process.getActiveResourcesInfo().includes("FSReqPromise")) process.kill(process.pid, "SIGKILL");
process.exit(0);
