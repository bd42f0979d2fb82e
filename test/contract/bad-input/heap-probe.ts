/** Loaded into a driver process before its own code: at SIGUSR2 it collects its garbage and prints what is left. */
process.on("SIGUSR2", () => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  console.error(`heap-probe ${heapUsed + external} ${rss}`);
});
