/** Scalars as kubectl's parser reads them: YAML 1.1 without what its Go parser does not know: `22:22` is text. Dates stay text, too. */
import {
  boolYaml11Tag,
  defineScalarTag,
  FAILSAFE_SCHEMA,
  floatYaml11Tag,
  intYaml11Tag,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  Schema,
} from 'js-yaml';

const unlessSexagesimal = (tag: typeof intYaml11Tag): ReturnType<typeof defineScalarTag> =>
  defineScalarTag(tag.tagName, {
    implicit: true,
    implicitFirstChars: tag.implicitFirstChars,
    resolve: (source, isExplicit, tagName) =>
      source.includes(':') ? NOT_RESOLVED : tag.resolve(source, isExplicit, tagName),
    identify: () => false,
  });
const SCALARS = [
  nullYaml11Tag,
  boolYaml11Tag,
  unlessSexagesimal(intYaml11Tag),
  unlessSexagesimal(floatYaml11Tag),
] as const;
export const MANIFEST_SCHEMA = new Schema([...FAILSAFE_SCHEMA.tags, ...SCALARS, mergeTag]);

/** Every other plain scalar is text. */
const MAY_BE_MORE = /^(?:[\d+.~-]|(?:y|yes|n|no|true|false|on|off|null)$|$)/i;
/** The numbers that manifests hold, and that JavaScript holds exactly. */
const COUNT = /^(?:0|[1-9]\d{0,14})$/;

/** The value of a plain scalar. */
export function valueOfPlain(source: string): unknown {
  if (!MAY_BE_MORE.test(source)) return source;
  if (COUNT.test(source)) return Number(source);
  for (const tag of SCALARS) {
    const value: unknown = tag.resolve(source, false, tag.tagName);
    if (value !== NOT_RESOLVED) return value;
  }
  return source;
}
