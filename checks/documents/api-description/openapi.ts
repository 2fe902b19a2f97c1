/** An OpenAPI document as the operations it promises. */
import { dereference, validate } from '@readme/openapi-parser';
import { CORE_SCHEMA, load } from 'js-yaml';
import { at, isRecord, listAt, plainText, textAt } from '../../contract/json.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export interface Operation {
  readonly method: (typeof METHODS)[number];
  /** With its server's base path: `/api/v1/items/{id}`. */
  readonly path: string;
  /** As they are written: `200`, `4XX`, `default`. */
  readonly statuses: readonly string[];
  /** Whether nobody is let in without a credential. */
  readonly isProtected: boolean;
  /** Path and query with the document's examples; null where a required parameter has none. */
  readonly example: string | null;
  /** The same with values that nothing has: for requests that must be refused. */
  readonly nobodys: string;
  /** JSON Schema of the body of its first 2xx answer, where that is JSON. */
  readonly schema?: object;
}
export interface Description {
  readonly version: string;
  /** What is not valid in it. */
  readonly problems: readonly string[];
  readonly operations: readonly Operation[];
}

/** Reads a description, JSON or YAML, of OpenAPI 3. Its own references are followed, those to other files are a problem. */
export async function readDescription(text: string): Promise<Description> {
  const none = { version: '', operations: [] };
  let document: unknown;
  try {
    document = load(text, { schema: CORE_SCHEMA });
  } catch (error) {
    return { ...none, problems: [error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'no YAML'] };
  }
  if (!isRecord(document) || !/^3\./.test(textAt(document, '', 'openapi')))
    return { ...none, problems: ['it does not say openapi: 3.…'] };
  if (/"\$ref":"[^#]/.test(JSON.stringify(document)))
    return { ...none, problems: ['a $ref leads to another file: bundle it into one document'] };
  // Each call fills in what it is handed.
  const copy = (): never => structuredClone(document) as never;
  const options = { resolve: { external: false }, dereference: { circular: 'ignore' as const } };
  const verdict = await validate(copy(), options);
  if (!verdict.valid) return { ...none, problems: verdict.errors.map(({ message }) => firstLine(message)) };
  const whole: unknown = await dereference(copy(), options);
  return { version: textAt(whole, '', 'info', 'version'), problems: [], operations: operationsOf(whole) };
}

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';

function operationsOf(document: unknown): Operation[] {
  const paths = at(document, 'paths');
  const is30 = textAt(document, '', 'openapi').startsWith('3.0');
  return Object.entries(isRecord(paths) ? paths : {}).flatMap(([path, item]) =>
    METHODS.filter((method) => isRecord(at(item, method.toLowerCase()))).map((method) => {
      const operation = at(item, method.toLowerCase());
      const base = [operation, item, document].map((one) => basePath(one)).find((one) => one !== null) ?? '';
      const parameters = [...listAt(item, 'parameters'), ...listAt(operation, 'parameters')];
      const responses = at(operation, 'responses');
      const statuses = Object.keys(isRecord(responses) ? responses : {});
      const good = statuses.find((status) => /^2/.test(status));
      const schema = good === undefined ? undefined : at(responses, good, 'content', 'application/json', 'schema');
      return {
        method,
        path: base + path,
        statuses,
        isProtected: isProtected(at(operation, 'security') ?? at(document, 'security')),
        example: exampleOf(base + path, parameters),
        nobodys: (base + path).replace(/\{([^}]+)\}/g, (_, name: string) => nobodysValue(parameters, name)),
        ...(isRecord(schema) ? { schema: is30 ? withoutNullable(schema) : schema } : {}),
      };
    }),
  );
}

/** The path of the first server, its variables filled in; null where there is none. */
function basePath(owner: unknown): string | null {
  const [server] = listAt(owner, 'servers');
  if (server === undefined) return null;
  const url = textAt(server, '/', 'url').replace(/\{([^}]+)\}/g, (_, name: string) =>
    plainText(at(server, 'variables', name, 'default') ?? ''),
  );
  const parsed = URL.canParse(url, 'http://here') ? new URL(url, 'http://here').pathname : '/';
  return parsed.replace(/\/$/, '');
}

/** `[]` and an alternative without any scheme, `{}`, let everybody in. */
function isProtected(security: unknown): boolean {
  const alternatives = Array.isArray(security) ? (security as readonly unknown[]) : [];
  return alternatives.length > 0 && alternatives.every((one) => isRecord(one) && Object.keys(one).length > 0);
}

function exampleOf(path: string, parameters: readonly unknown[]): string | null {
  const valueOf = (parameter: unknown): string | null => {
    const examples = at(parameter, 'examples');
    const [named] = isRecord(examples) ? Object.values(examples) : [];
    const value =
      at(parameter, 'example') ??
      at(named, 'value') ??
      at(parameter, 'schema', 'example') ??
      at(parameter, 'schema', 'default');
    return value === undefined ? null : encodeURIComponent(plainText(value));
  };
  const named = (name: string) => parameters.find((one) => at(one, 'in') === 'path' && at(one, 'name') === name);
  const holes = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name);
  const needed = parameters.filter((one) => at(one, 'in') === 'query' && at(one, 'required') === true);
  if ([...holes.map(named), ...needed].some((one) => valueOf(one) === null)) return null;
  const query = needed.map((one) => `${encodeURIComponent(textAt(one, '', 'name'))}=${valueOf(one) ?? ''}`);
  const filled = path.replace(/\{([^}]+)\}/g, (_, name: string) => valueOf(named(name)) ?? '');
  return query.length === 0 ? filled : `${filled}?${query.join('&')}`;
}

function nobodysValue(parameters: readonly unknown[], name: string): string {
  const parameter = parameters.find((one) => at(one, 'name') === name);
  return /integer|number/.test(textAt(parameter, '', 'schema', 'type')) ? '0' : 'golive-no-such-thing';
}

/** OpenAPI 3.0 has `nullable`, JSON Schema a type of its own for it. */
function withoutNullable(schema: unknown): object {
  if (Array.isArray(schema)) return schema.map((one) => (isRecord(one) ? withoutNullable(one) : (one as unknown)));
  const { nullable, ...rest } = schema as Readonly<Record<string, unknown>>;
  const plain = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      typeof value === 'object' && value !== null ? withoutNullable(value) : value,
    ]),
  );
  return nullable === true ? { anyOf: [plain, { type: 'null' }] } : plain;
}
