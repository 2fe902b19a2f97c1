/** Multinomial logistic regression of the iris flowers (Fisher, 1936) with fixed weights. Features are lengths and widths in centimetres. */
export const FEATURES = 4;

const CLASSES = [
  { label: 'setosa', intercept: 9.85, weights: [-0.4234, 0.9674, -2.5171, -1.0794] },
  { label: 'versicolor', intercept: 2.2372, weights: [0.5345, -0.3216, -0.2064, -0.9442] },
  { label: 'virginica', intercept: -12.0872, weights: [-0.1111, -0.6458, 2.7235, 2.0236] },
];

/** The features as numbers; undefined when they are none that the model knows. */
export function readFeatures(value) {
  if (!Array.isArray(value) || value.length !== FEATURES) return undefined;
  return value.every((one) => typeof one === 'number' && one >= 0 && one <= 100) ? value : undefined;
}

/** The most probable class and how probable it is. */
export function classify(features) {
  const scores = CLASSES.map(({ intercept, weights }) =>
    weights.reduce((sum, weight, index) => sum + weight * features[index], intercept),
  );
  // Shifted by the greatest score, so that no power overflows.
  const top = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - top));
  const total = powers.reduce((sum, power) => sum + power, 0);
  const best = powers.indexOf(Math.max(...powers));
  return { label: CLASSES[best].label, probability: powers[best] / total };
}
