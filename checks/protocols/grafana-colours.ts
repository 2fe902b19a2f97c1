/** Whether a colour is a red one, however it is written. */

/** Reds of CSS whose names do not say so. */
const NAMED = /red|crimson|maroon|firebrick|tomato/i;
/** Degrees around the circle: Grafana's own reds lie at 352 to 5, its oranges begin at 22. */
const RED_HUE = 18;

/** Grafana's and CSS's named reds, and colours whose hue is red and that are neither grey nor black nor white. */
export function isRed(color: string): boolean {
  if (NAMED.test(color)) return true;
  const [, angle, saturated, light] = /^hsla?\(\s*(-?[\d.]+)\D+?([\d.]+)%\D+?([\d.]+)%/i.exec(color) ?? [];
  if (angle !== undefined) return isRedHue(Number(angle), Number(saturated) / 100, Number(light) / 100);
  const [red = 0, green = 0, blue = 0] = rgbOf(color).map((part) => part / 255);
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const spread = most - least;
  if (spread === 0 || most !== red) return false;
  const lightness = (most + least) / 2;
  return isRedHue((60 * (green - blue)) / spread, spread / (1 - Math.abs(2 * lightness - 1)), lightness);
}

function isRedHue(hue: number, saturation: number, lightness: number): boolean {
  const around = ((hue % 360) + 360) % 360;
  return (around <= RED_HUE || around >= 360 - RED_HUE) && saturation >= 0.4 && lightness > 0.1 && lightness < 0.95;
}

function rgbOf(color: string): readonly number[] {
  const decimal = /^rgba?\(([^)]*)\)$/i.exec(color.trim())?.[1];
  if (decimal !== undefined)
    return decimal
      .split(/[\s,/]+/)
      .filter((part) => part !== '')
      .map((part) => (part.endsWith('%') ? Number.parseFloat(part) * 2.55 : Number.parseFloat(part)));
  const digits = /^#([\da-f]+)$/i.exec(color.trim())?.[1] ?? '';
  const parts = digits.match(digits.length < 6 ? /./g : /../g) ?? [];
  return parts.map((part) => Number.parseInt(part.padEnd(2, part), 16));
}
