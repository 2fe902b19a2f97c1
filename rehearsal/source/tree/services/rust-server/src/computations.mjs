/** The computations of the compute server, each with limits on its input: nobody may keep it busy for long. */
const PRIMES_LIMIT = 10_000;
const NUMBERS_LIMIT = 10_000;

/** The sieve of Eratosthenes. */
export function primes(bound) {
  if (!Number.isInteger(bound) || bound < 0 || bound > PRIMES_LIMIT) throw new RangeError('no bound for primes');
  const composite = new Uint8Array(bound + 1);
  const found = [];
  for (let n = 2; n <= bound; n += 1) {
    if (composite[n] === 1) continue;
    found.push(n);
    for (let multiple = n * n; multiple <= bound; multiple += n) composite[multiple] = 1;
  }
  return found;
}

/** Welford's method: no catastrophic cancellation. */
export function statistics(numbers) {
  if (!Array.isArray(numbers) || numbers.length === 0 || numbers.length > NUMBERS_LIMIT)
    throw new RangeError('no list of numbers');
  let mean = 0;
  let squares = 0;
  for (const [index, value] of numbers.entries()) {
    const delta = value - mean;
    mean += delta / (index + 1);
    squares += delta * (value - mean);
  }
  const variance = numbers.length > 1 ? squares / (numbers.length - 1) : 0;
  return { count: numbers.length, mean, variance, minimum: Math.min(...numbers), maximum: Math.max(...numbers) };
}
