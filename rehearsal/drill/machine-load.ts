/** How busy the machine was: what a drill saw while no CPU was left says little of the platform. */
import { cpus } from 'node:os';

/** Starts to measure; answers the share of all CPU time since then that was not idle, 0 to 1. What a hypervisor took counts as used. */
export function measureLoad(
  idleMs: () => { readonly ms: number; readonly cores: number } = idleTime,
  now: () => number = () => performance.now(),
): () => number {
  const from = now();
  const before = idleMs();
  return () => {
    const elapsed = now() - from;
    if (elapsed <= 0) return 0;
    const idle = (idleMs().ms - before.ms) / (elapsed * before.cores);
    return Math.min(1, Math.max(0, 1 - idle));
  };
}

function idleTime(): { ms: number; cores: number } {
  const all = cpus();
  return { ms: all.reduce((sum, { times }) => sum + times.idle, 0), cores: Math.max(1, all.length) };
}
