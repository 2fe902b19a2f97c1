/** YAML that others wrote, aliases and all: refused where a few lines unfold to more than anybody could have meant. */
import { loadAll, type LoadOptions } from 'js-yaml';

/** Far above any manifest or configuration; a bomb has billions. */
const MOST_VALUES = 500_000;

/** The documents of a text. @throws Error when it is no YAML, or a bomb */
export function yamlDocuments(text: string, options: LoadOptions = {}): unknown[] {
  const documents = loadAll(text, options);
  let left = MOST_VALUES;
  const count = (value: unknown): void => {
    if (--left < 0) throw new RangeError(`its aliases unfold to more than ${MOST_VALUES} values`);
    if (typeof value === 'object' && value !== null) Object.values(value).forEach(count);
  };
  documents.forEach(count);
  return documents;
}
