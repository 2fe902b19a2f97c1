/**
 * For tests of what must not take long: how CPU time grows with the size, which is the same on a fast machine and on a slow or busy one.
 * The process must have nothing else to do meanwhile.
 */

const TURNS = 5;

/**
 * How many times as much CPU time `work(times * size)` takes as `work(size)`: about `times` where time grows in proportion, its square where
 * each part is held against each other. Both are measured in turns, and of each the least counts.
 */
export function growth(work: (size: number) => void, size: number, times: number): number {
  const timed = (of: number): number => {
    const from = process.cpuUsage();
    work(of);
    const { user, system } = process.cpuUsage(from);
    return user + system;
  };
  // Compiles what is measured.
  timed(size);
  let [small, large] = [Infinity, Infinity];
  for (let turn = 0; turn < TURNS; turn += 1) {
    small = Math.min(small, timed(size));
    large = Math.min(large, timed(times * size));
  }
  return large / small;
}
