/** pino, as the rest of the driver sees it: structured lines on standard output. */
import { pino, stdSerializers, type Logger as PinoLogger, type LoggerOptions } from "pino";

export type Logger = PinoLogger;

type LogLevel = "debug" | "info" | "warn" | "error";

export function createLogger(options: { readonly level: LogLevel; readonly mode: string }): Logger {
  const settings: LoggerOptions = {
    level: options.level,
    base: { mode: options.mode },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: stdSerializers.errWithCause },
  };
  // Synchronous: the last lines before an end, however sudden, are the ones that matter.
  return pino(settings, pino.destination({ fd: 1, sync: true }));
}
