/** `${environment.…}` in editors: what the loader replaces before it validates may stand in place of any value. */
import { isRecord } from '../../../checks/contract/json.ts';
import type { Schema } from './json-schema.ts';

export interface Tokens {
  /** The schema, with a token allowed in place of each value inside. */
  readonly inside: (schema: Schema) => Schema;
  /** The same, and in place of the whole. */
  readonly orToken: (schema: Schema) => Schema;
}

/** `where`: in place of which values. */
export function allowing(token: Schema, where: (schema: Schema) => boolean = isNoPlainText): Tokens {
  const inside = (schema: Schema): Schema => {
    const { properties, items, additionalProperties } = schema;
    const inner: Record<string, unknown> = { ...schema };
    if (isRecord(properties)) {
      inner['properties'] = Object.fromEntries(
        Object.entries(properties).map(([name, member]) => [name, isRecord(member) ? orToken(member) : member]),
      );
    }
    if (isRecord(items)) inner['items'] = orToken(items);
    if (isRecord(additionalProperties)) inner['additionalProperties'] = orToken(additionalProperties);
    for (const name of ['oneOf', 'anyOf']) {
      const alternatives = schema[name];
      // A token in place of an alternative is allowed around them already; twice would be two of one.
      if (Array.isArray(alternatives))
        inner[name] = alternatives.map((one: unknown) => (isRecord(one) ? inside(one) : one));
    }
    return inner;
  };
  const orToken = (schema: Schema): Schema => {
    if (!where(schema)) return inside(schema);
    const { description, default: byDefault, ...rest } = schema;
    // Documentation stays outside of the alternatives, where editors look for it.
    return {
      ...(description === undefined ? {} : { description }),
      ...(byDefault === undefined ? {} : { default: byDefault }),
      anyOf: [inside(rest), token],
    };
  };
  return { inside, orToken };
}

/** A text with a token is such a text anyhow. */
function isNoPlainText(schema: Schema): boolean {
  return schema['type'] !== 'string' || 'pattern' in schema || 'enum' in schema || 'format' in schema;
}
