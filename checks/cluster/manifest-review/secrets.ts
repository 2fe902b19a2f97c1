/** What a manifest of a Secret holds. No value leaves this file. */
import { shape, text, type Shape } from '../../../k8s/semantics/shape.ts';
import { placeholderRule } from '../../protocols/placeholders.ts';

/** What is wrong with a value, by its path. */
export interface SecretProblem {
  readonly id: 'notBase64' | 'empty' | 'placeholder';
  readonly path: string;
  readonly rule: string;
}

/** As Go's decoder takes it: padded, line ends allowed. */
const isBase64 = (value: string): boolean => {
  const bare = value.replace(/[\r\n]/g, '');
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare);
};
/** What whoever applies a template puts in: `${NAME}`, `{{ .name }}`, and nothing else. */
const FILLED_IN = /^\s*(\$\{[^}]+\}|\{\{[^}]+\}\})\s*$/;

export function secretProblems(object: Shape, isTemplate: boolean): readonly SecretProblem[] {
  return (['data', 'stringData'] as const).flatMap((field) =>
    Object.entries(shape(object[field])).flatMap(([key, value]) => {
      const found = text(value);
      if (found === undefined || (isTemplate && FILLED_IN.test(found))) return [];
      const problem = problemOf(found, key, field === 'data');
      return problem === null ? [] : [{ ...problem, path: `${field}.${key}` }];
    }),
  );
}

function problemOf(value: string, key: string, isEncoded: boolean): Omit<SecretProblem, 'path'> | null {
  if (isEncoded && !isBase64(value)) return { id: 'notBase64', rule: placeholderRule(value, key) ?? '' };
  const decoded = isEncoded ? Buffer.from(value, 'base64').toString('utf8') : value;
  if (decoded === '') return { id: 'empty', rule: '' };
  const rule = placeholderRule(decoded, key);
  return rule === null ? null : { id: 'placeholder', rule };
}
