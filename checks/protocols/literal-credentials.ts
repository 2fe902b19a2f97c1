/** Finds credentials written out where anybody who may read a manifest can read them: where, and by which rule, never the value. */
import { containersOf } from '../../k8s/semantics/pod-security.ts';
import { at, isRecord, listAt, textAt } from '../contract/json.ts';
import { isCredentialAmidst, isCredentialVariable, isSecretFlag, isWrittenOut } from './credential-names.ts';
import { lineRule, lineRules, wholeValueRule } from './credential-text.ts';

/** A place that holds a credential, and the rule that says so. */
export interface Literal {
  /** `spec.template.spec.containers[0].env[2] (DB_PASSWORD)` or `data["app.properties"] line 7`. */
  readonly place: string;
  readonly rule: string;
}

const literal = (place: string, rule: string | null): Literal[] => (rule === null ? [] : [{ place, rule }]);
const textsAt = (value: unknown, ...path: readonly string[]): string[] =>
  listAt(value, ...path).map((member) => (typeof member === 'string' ? member : ''));

/** Literals in the environment, commands, probes and hooks of every container of a pod spec, and in the options of its volumes. */
export function literalsInPod(podSpec: unknown, specPath: string): Literal[] {
  const inContainers = containersOf(podSpec, specPath).flatMap(({ fields, path }) => [
    ...inVariables(listAt(fields, 'env'), `${path}.env`),
    ...inCommand({ command: textsAt(fields, 'command'), args: textsAt(fields, 'args') }, path),
    ...HANDLERS.flatMap((handler) => inHandler(at(fields, ...handler), `${path}.${handler.join('.')}`)),
  ]);
  const inVolumes = listAt(podSpec, 'volumes').flatMap((volume, index) =>
    [['csi', 'volumeAttributes'] as const, ['flexVolume', 'options'] as const].flatMap((where) =>
      inNamed(at(volume, ...where), `${specPath}.volumes[${index}].${where.join('.')}`),
    ),
  );
  return [...inContainers, ...inVolumes];
}

/** Literals in the annotations of a pod or its template. What only names a Secret there is none: `auth-secret: basic-auth`. */
export function literalsInAnnotations(metadata: unknown, specPath: string): Literal[] {
  const path = specPath.replace(/spec$/, 'metadata');
  const annotations = at(metadata, 'annotations');
  return Object.entries(isRecord(annotations) ? annotations : {}).flatMap(([key, value]) => {
    if (typeof value !== 'string' || key.startsWith('checksum/')) return [];
    const name = key.slice(key.lastIndexOf('/') + 1);
    const rule = isCredentialAmidst(name, value) ? 'named like a secret' : (lineRules(value)[0]?.rule ?? null);
    return literal(`${path}.annotations["${key}"]`, rule);
  });
}

/** Literals in the values of a ConfigMap's `data` (or another field of it), line by line. */
export function literalsInConfigMap(data: unknown, field = 'data'): Literal[] {
  if (!isRecord(data)) return [];
  return Object.entries(data).flatMap(([key, value]) => {
    if (typeof value !== 'string') return [];
    const place = `${field}[${JSON.stringify(key)}]`;
    return value.trim().includes('\n')
      ? lineRules(value).map(({ line, rule }) => ({ place: `${place} line ${line}`, rule }))
      : literal(place, namedRule(key, value));
  });
}

const namedRule = (name: string, value: string): string | null =>
  isCredentialVariable(name, value) ? 'named like a secret' : wholeValueRule(value);

function inNamed(values: unknown, path: string): Literal[] {
  return Object.entries(isRecord(values) ? values : {}).flatMap(([name, value]) =>
    literal(`${path}["${name}"]`, typeof value === 'string' ? namedRule(name, value) : null),
  );
}

function inVariables(variables: readonly unknown[], path: string): Literal[] {
  return variables.flatMap((variable, index) => {
    const name = textAt(variable, '', 'name');
    return literal(`${path}[${index}] (${name})`, namedRule(name, textAt(variable, '', 'value')));
  });
}

/** Each runs a command in the container or sends it a request. */
const HANDLERS = [
  ['livenessProbe'],
  ['readinessProbe'],
  ['startupProbe'],
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
] as const;

function inHandler(handler: unknown, path: string): Literal[] {
  return [
    ...inCommand({ command: textsAt(handler, 'exec', 'command') }, `${path}.exec`),
    ...literal(`${path}.httpGet.path`, lineRule(textAt(handler, '', 'httpGet', 'path'))),
    ...listAt(handler, 'httpGet', 'httpHeaders').flatMap((header, index) => {
      const [name, value] = [textAt(header, '', 'name'), textAt(header, '', 'value')];
      const rule = /^(?:proxy-)?authorization$/i.test(name)
        ? lineRule(`Authorization: ${value}`)
        : namedRule(name, value);
      return literal(`${path}.httpGet.httpHeaders[${index}] (${name})`, rule);
    }),
  ];
}

/** A flag and its value are two members of the list, and the program that knows the flag is a third. */
function inCommand(lists: Readonly<Record<string, readonly string[]>>, path: string): Literal[] {
  const inMembers = Object.entries(lists).flatMap(([field, texts]) =>
    texts.flatMap((text, index) => {
      const [, flag, inline] = /^--?([\w.-]+)(?:=(.*))?$/s.exec(text) ?? [];
      const next = texts[index + 1] ?? '';
      const value = inline ?? (next.startsWith('-') ? '' : next);
      const isFlag = flag !== undefined && isSecretFlag(flag) && isWrittenOut(value);
      return literal(
        `${path}.${field}[${index}]`,
        isFlag ? 'flag named like a secret' : (lineRules(text)[0]?.rule ?? null),
      );
    }),
  );
  if (inMembers.length > 0) return inMembers;
  const whole = Object.values(lists)
    .flat()
    .filter((text) => !/\s/.test(text))
    .join(' ');
  return literal(`${path}.${Object.keys(lists)[0] ?? ''}`, lineRule(whole));
}
