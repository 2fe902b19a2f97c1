/** Params of an item: environment values put in, overrides applied, validated against the kind's schema, defaults filled in. */
import { validateParams } from '../../checks/kit/params.ts';
import { WINDOW_PATTERN, WINDOW_PLACEHOLDER } from '../../checks/contract/param-schemas.ts';
import type { Environment, Override } from '../../checks/contract/environment.ts';
import type { Release } from '../../checks/contract/plan.ts';
import type { CheckKind } from '../../checks/kit/kind.ts';
import { problemsFromAjv } from './ajv-problems.ts';
import type { ChecklistItem } from './load-checklist.ts';
import { firstProblems, type Problem } from './problems.ts';
import { didYouMean } from './suggest.ts';
import { isRecord } from '../../checks/contract/json.ts';
import { keepTokens, mapTexts, substituteEnvironment, withRehearsalSamples } from './templates.ts';
import { pointerStep, pointerSteps } from '../../k8s/semantics/objects/positions.ts';
import type { ProblemText, YamlFile } from './yaml/parse.ts';

export interface ParamsContext {
  /** Undefined when the environment's file has problems of its own: then only params without its values are checked. */
  readonly environment: Environment | undefined;
  readonly environmentYaml: YamlFile;
  readonly release: Release;
}
export interface ItemParams {
  readonly params: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
}
interface Placed {
  readonly override: Override;
  /** In the environment's file. */
  readonly pointer: string;
}

/** Params of one item whose kind is known. */
export function itemParams(item: ChecklistItem, kind: CheckKind, context: ParamsContext): ItemParams {
  const base = `${item.pointer}/params`;
  const raw = isRecord(item.raw['params']) ? item.raw['params'] : {};
  if (!context.environment) return { params: raw, problems: withoutEnvironment(item, kind, raw, base) };
  const problems: Problem[] = [];
  const used = new Map<string, string>();
  const stays = (pointer: string, token: string): boolean =>
    token === WINDOW_PLACEHOLDER && looksBack(kind, pointer.slice(base.length));
  const tell = (pointer: string, text: ProblemText): void => {
    problems.push(item.yaml.problem(pointer, text));
  };
  const substituted = substituteEnvironment(
    raw,
    base,
    { environment: context.environment, release: context.release },
    tell,
    used,
    stays,
  );
  const unresolved = problems.length > 0;

  let params = substituted as Readonly<Record<string, unknown>>;
  const overridden = overridesOf(item, context);
  for (const { override, pointer } of overridden) {
    const wrong = unknownParam(kind, override.param);
    if (wrong) problems.push(context.environmentYaml.problem(`${pointer}/param`, wrong));
    else if (holdsStrayWindow(kind, override))
      problems.push(context.environmentYaml.problem(`${pointer}/value`, STRAY_WINDOW));
    else params = withParam(params, override.param.split('.'), override.value);
  }
  if (unresolved) return { params, problems: firstProblems(problems) };
  const validated = validateParams(kind, withRehearsalSamples(params));
  if (validated.ok)
    return { params: keepTokens(validated.params, params) as Readonly<Record<string, unknown>>, problems };

  for (const error of validated.errors) {
    const owner = overridden.find(({ override }) => covers(error.instancePath, override.param));
    if (owner) {
      const inner = error.instancePath.slice(owner.override.param.split('.').map(pointerStep).join('').length);
      problems.push(
        ...problemsFromAjv([{ ...error, instancePath: inner }], {
          yaml: context.environmentYaml,
          base: `${owner.pointer}/value`,
        }),
      );
    }
  }
  const rest = validated.errors.filter(
    (error) => !overridden.some(({ override }) => covers(error.instancePath, override.param)),
  );
  const origin = (pointer: string): string | undefined => {
    for (let at = pointer; at.length >= base.length; at = at.slice(0, at.lastIndexOf('/'))) {
      const token = used.get(at);
      if (token !== undefined) return `from ${token}`;
      if (at === '') break;
    }
    return undefined;
  };
  problems.push(...problemsFromAjv(rest, { yaml: item.yaml, base, origin }));
  return { params, problems: firstProblems(problems) };
}

const STRAY_WINDOW: ProblemText = {
  message: `${WINDOW_PLACEHOLDER} is not known here`,
  fix: 'Write the value; only a query over a window takes it',
};

/** Whether a param, by its pointer in the params, is a query over a window. */
function looksBack(kind: CheckKind, pointer: string): boolean {
  let schema: unknown = kind.meta.params;
  for (const step of pointerSteps(pointer)) {
    if (!isRecord(schema)) return false;
    const properties = isRecord(schema['properties']) ? schema['properties'] : {};
    schema = Object.hasOwn(properties, step) ? properties[step] : (schema['items'] ?? schema['additionalProperties']);
  }
  return isRecord(schema) && schema['pattern'] === WINDOW_PATTERN;
}

function holdsStrayWindow(kind: CheckKind, { param, value }: Override): boolean {
  let stray = false;
  mapTexts(value, param.split('.').map(pointerStep).join(''), (text, pointer) => {
    stray ||= text.includes(WINDOW_PLACEHOLDER) && !looksBack(kind, pointer);
    return text;
  });
  return stray;
}

/** Names and types can be told even when the environment cannot be read. */
function withoutEnvironment(
  item: ChecklistItem,
  kind: CheckKind,
  raw: Readonly<Record<string, unknown>>,
  base: string,
): readonly Problem[] {
  const validated = validateParams(kind, raw);
  if (validated.ok) return [];
  // Which form of several is meant depends on values that are not known yet.
  const certain = validated.errors.filter(
    ({ keyword, schemaPath, data }) =>
      !/\/(?:oneOf|anyOf|if|then|else)\b/.test(schemaPath) &&
      (keyword === 'additionalProperties' || keyword === 'required' || !JSON.stringify(data ?? null).includes('${')),
  );
  return problemsFromAjv(certain, { yaml: item.yaml, base });
}

function overridesOf(item: ChecklistItem, context: ParamsContext): readonly Placed[] {
  return (context.environment?.overrides ?? []).flatMap((override, index) =>
    override.item === item.raw['id'] ? [{ override, pointer: `/overrides/${index}` }] : [],
  );
}

/** Overrides of items that are not in the checklist. */
export function strayOverrides(ids: readonly string[], context: ParamsContext): readonly Problem[] {
  const known = new Set(ids);
  return (context.environment?.overrides ?? []).flatMap((override, index) => {
    if (known.has(override.item)) return [];
    const suggestion = didYouMean(override.item, ids);
    const text = {
      message: `there is no item ${override.item} in the checklist`,
      ...(suggestion === undefined ? { fix: 'Remove the override or correct the id' } : { suggestion }),
    };
    return [context.environmentYaml.problem(`/overrides/${index}/item`, text)];
  });
}

/** Overrides of items that take no params. */
export function overridesOfPlanned(item: ChecklistItem, context: ParamsContext): readonly Problem[] {
  return overridesOf(item, context).map(({ override, pointer }) =>
    context.environmentYaml.problem(`${pointer}/param`, {
      message: `${override.item} has no params`,
      fix: 'Remove the override',
    }),
  );
}

function covers(instancePath: string, param: string): boolean {
  const pointer = param.split('.').map(pointerStep).join('');
  return instancePath === pointer || instancePath.startsWith(`${pointer}/`);
}

/** Follows the kind's schema along a dotted name. */
function unknownParam(kind: CheckKind, param: string): ProblemText | undefined {
  let schema: unknown = kind.meta.params;
  for (const step of param.split('.')) {
    const properties = isRecord(schema) && isRecord(schema['properties']) ? schema['properties'] : {};
    if (!Object.hasOwn(properties, step)) {
      if (isRecord(schema) && isRecord(schema['additionalProperties'])) {
        schema = schema['additionalProperties'];
        continue;
      }
      const allowed = Object.keys(properties);
      const suggestion = didYouMean(step, allowed);
      return {
        message: `${kind.meta.kind} has no param "${param}"`,
        allowed,
        ...(suggestion === undefined ? {} : { suggestion }),
      };
    }
    schema = properties[step];
  }
  return undefined;
}

function withParam(
  params: Readonly<Record<string, unknown>>,
  path: readonly string[],
  value: unknown,
): Readonly<Record<string, unknown>> {
  const [step, ...rest] = path;
  if (step === undefined) return params;
  if (rest.length === 0) return { ...params, [step]: value };
  const inner = params[step];
  return { ...params, [step]: withParam(isRecord(inner) ? inner : {}, rest, value) };
}
