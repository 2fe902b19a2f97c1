/**
 * The distributions that the tests beside this file need. Kept libraries have them only with two hundred packages around; what stands here is
 * checked against published tables in the tests.
 */

/** Lanczos' approximation (g = 7, n = 9): good to 15 digits. */
const LANCZOS: readonly [number, ...number[]] = [
  0.999_999_999_999_809_9, 676.520_368_121_885_1, -1259.139_216_722_402_8, 771.323_428_777_653_1,
  -176.615_029_162_140_6, 12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_572e-6,
  1.505_632_735_149_311_6e-7,
];

/** Logarithm of the gamma function, for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const [first, ...rest] = LANCZOS;
  const sum = rest.reduce((total, term, index) => total + term / (x + index), first);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const TINY = 1e-300;
const MOST_TERMS = 500;

/** Regularised incomplete beta function I_x(a, b): by Lentz' continued fraction. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges quickly on this side only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x) - Math.log(a),
  );
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  const step = (term: number): number => {
    d = 1 / awayFromZero(1 + term * d);
    c = awayFromZero(1 + term / c);
    fraction *= d * c;
    return d * c;
  };
  for (let m = 1; m <= MOST_TERMS; m += 1) {
    step((m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)));
    const change = step((-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)));
    if (Math.abs(change - 1) < 1e-14) break;
  }
  return front * fraction;
}
const awayFromZero = (value: number): number => (Math.abs(value) < TINY ? TINY : value);

/** The x with I_x(a, b) = p. */
export function betaQuantile(p: number, a: number, b: number): number {
  return bisect((x) => incompleteBeta(x, a, b) - p, 0, 1);
}

/** Of the standard normal distribution: W. J. Cody's bound of 1e-16 is not needed, 1e-12 is. */
export function normalCdf(z: number): number {
  const half = 0.5 * incompleteGammaHalf((z * z) / 2);
  return z >= 0 ? 0.5 + half : 0.5 - half;
}
export function normalQuantile(p: number): number {
  return bisect((z) => normalCdf(z) - p, -40, 40);
}

/** Quantile of Student's t with that many degrees of freedom, which need not be whole. */
export function tQuantile(p: number, freedom: number): number {
  if (p < 0.5) return -tQuantile(1 - p, freedom);
  const x = betaQuantile(2 * (1 - p), freedom / 2, 0.5);
  return x <= 0 ? Number.POSITIVE_INFINITY : Math.sqrt((freedom * (1 - x)) / x);
}

/** P(1/2, x): the error function of the square root. Series below, continued fraction above. */
function incompleteGammaHalf(x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(-x + 0.5 * Math.log(x) - logGamma(0.5));
  if (x < 1.5) {
    let term = 2;
    let sum = 2;
    for (let n = 1; n < MOST_TERMS && term > sum * 1e-16; n += 1) {
      term *= x / (0.5 + n);
      sum += term;
    }
    return front * sum;
  }
  let b = x + 0.5;
  let c = 1 / TINY;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MOST_TERMS; n += 1) {
    b += 2;
    const term = -n * (n - 0.5);
    d = 1 / awayFromZero(b + term * d);
    c = awayFromZero(b + term / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return 1 - front * fraction;
}

/** Root of a function that rises. */
function bisect(rises: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let i = 0; i < 200 && high - low > 1e-15 * Math.max(1, Math.abs(low)); i += 1) {
    const middle = (low + high) / 2;
    if (rises(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
