/** Resource quantities (`500m`, `2Gi`, `1e3`), exactly, by the rules of k8s.io/apimachinery/pkg/api/resource. */

/** A quantity in thousand-millionths of its unit (CPU cores, bytes, pieces): the finest step Kubernetes keeps. */
export interface Quantity {
  readonly nanos: bigint;
  /** As it was written. */
  readonly text: string;
}

/** Not a quantity; the message says what was expected. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const nanosPerUnit = 1_000_000_000n;
/** Powers of ten by suffix; binary suffixes are in the other table. */
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
/** Powers of 1024. */
const binary: Readonly<Record<string, bigint>> = { Ki: 1n, Mi: 2n, Gi: 3n, Ti: 4n, Pi: 5n, Ei: 6n };
const form = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([eE])([+-]?\d{1,4})|([KMGTPE]i|[numkMGTPE]?))$/;
/** Far beyond any quantity Kubernetes holds (2⁶³−1), and small enough to calculate with. */
const largestExponent = 100;

/**
 * Reads a quantity; a number, as YAML gives for `cpu: 2`, is read like its text. What is finer than a thousand-millionth is
 * rounded away from zero, as Kubernetes does.
 * @throws QuantityError
 */
export function parseQuantity(value: unknown): Quantity {
  const text = typeof value === 'number' ? String(value) : value;
  const match = typeof text === 'string' ? form.exec(text) : null;
  if (typeof text !== 'string' || !match) throw notAQuantity(value);
  const [, sign, digits = '', hasExponent, exponent = '0', suffix = ''] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const mantissa = BigInt(`${whole}${fraction}`);
  const power = hasExponent === undefined ? (decimal[suffix] ?? 0) : Number(exponent);
  if (Math.abs(power) > largestExponent) throw notAQuantity(value);
  const unit = 1024n ** (binary[suffix] ?? 0n);
  const nanos = scale(mantissa * unit * nanosPerUnit, power - fraction.length);
  return { nanos: sign === '-' ? -nanos : nanos, text };
}

/** A number times a power of ten, rounded up. */
function scale(amount: bigint, power: number): bigint {
  if (power >= 0) return amount * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (amount + divisor - 1n) / divisor;
}

function notAQuantity(value: unknown): QuantityError {
  const shown = JSON.stringify(value) as string | undefined;
  return new QuantityError(
    `${shown ?? String(value)} is not a quantity: expected a number with an optional suffix, such as 500m, 1.5, 2Gi or 1e3`,
  );
}

/** -1 when `a` is smaller, 1 when it is larger, 0 when they are equal (`1` and `1000m` are). */
export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  if (a.nanos === b.nanos) return 0;
  return a.nanos < b.nanos ? -1 : 1;
}

/** The sum in nanos, exactly; its text is in the plain unit. */
export function addQuantities(quantities: readonly Quantity[]): Quantity {
  const nanos = quantities.reduce((sum, quantity) => sum + quantity.nanos, 0n);
  return { nanos, text: decimalText(nanos) };
}

function decimalText(nanos: bigint): string {
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = String(size % nanosPerUnit)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${String(size / nanosPerUnit)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The nearest double, in the plain unit. Exact up to 2⁵³ for whole numbers. */
export function quantityToNumber(quantity: Quantity): number {
  return Number(decimalText(quantity.nanos));
}
