/**
 * A check kind in one call: every type follows from `params`, `needs`, `messages` and what `gather` answers.
 *
 * `gather` looks, through the capabilities that `needs` names, and refuses with `ObservationError` when it could not look. `judge` decides:
 * a pure function that says what it judged, shows and found. A kind knows nothing of severity, phase, owner or waivers: those are
 * the checklist's. The host records every query and reading by itself.
 */
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { ObservationError } from '../contract/capabilities.ts';
import type { Capabilities, CapabilityName, CheckContext } from '../contract/capabilities.ts';
import type { Mutation } from '../contract/environment.ts';
import type { Permission } from '../contract/plan.ts';
import type { Messages, Refusal, Verdict } from './verdict.ts';
import { Say } from './verdict.ts';

export type { FromSchema, JSONSchema } from 'json-schema-to-ts';
export { ObservationError } from '../contract/capabilities.ts';
export type { Capabilities, CheckContext } from '../contract/capabilities.ts';
export { subjectText } from '../contract/outcome.ts';
export type { Evidence, Subject } from '../contract/outcome.ts';
export type { Permission } from '../contract/plan.ts';
export { objectSubject, Say } from './verdict.ts';
export type { Messages, Refusal, Verdict } from './verdict.ts';

/** Params by name, each a JSON Schema with its description; defaults live here and nowhere else. */
export type ParamProperties = Readonly<Record<string, JSONSchema>>;
interface ParamSchema<P, R> {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly properties: P;
  readonly required: R;
}
/** The params that `judge` gets, defaults filled in; `R` names the required ones: `ParamsOf<typeof params, 'store'>`. */
export type ParamsOf<P extends ParamProperties, R extends string = never> = FromSchema<
  Extract<ParamSchema<P, readonly R[]>, JSONSchema>
>;

/** What a kind says of itself, as data. */
export interface KindMeta {
  /** `domain/name`: the folder, the YAML `kind` and the catalogue's heading. A noun of the good state's subject. */
  readonly kind: `${string}/${string}`;
  /** The good state as a sentence: `Deployments have rolled out completely`. */
  readonly title: string;
  /** What goes wrong in production without it. */
  readonly why: string;
  /** What a pass has seen: a sentence each. */
  readonly sees: readonly string[];
  /** What a pass has not seen. */
  readonly not: readonly string[];
  readonly needs: readonly CapabilityName[];
  readonly effect: 'read-only' | 'mutating';
  /** The class of change, where `effect` is `mutating`. */
  readonly mutation?: Mutation;
  /** JSON Schema of the params, an object with `additionalProperties: false`. */
  readonly params: JSONSchema;
  readonly messages: Messages;
}

/** A kind with its types erased, as the registry holds it. Params have been validated before they get here. */
export interface CheckKind {
  readonly meta: KindMeta;
  /** The rights in the cluster that `gather` uses with these params. */
  permissions(params: unknown): readonly Permission[];
  /** For a kind whose items say themselves what they change: the class, or nothing when the item only reads. */
  mutationOf?(params: unknown): Mutation | undefined;
  gather(params: unknown, capabilities: Capabilities, context: CheckContext): Promise<unknown>;
  judge(params: unknown, gathered: unknown, context: Pick<CheckContext, 'now'>): Verdict;
}

/** Declares a kind; `name` is its folder. */
export function kind<
  const P extends ParamProperties,
  const N extends CapabilityName,
  const M extends Messages,
  G,
  const R extends keyof P & string = never,
>(
  name: `${string}/${string}`,
  of: {
    readonly title: string;
    readonly why: string;
    readonly sees: readonly string[];
    readonly not: readonly string[];
    readonly needs: readonly N[];
    /** The class of change that `gather` makes; absent where it only looks. */
    readonly changes?: Mutation;
    readonly mutationOf?: (params: ParamsOf<P, R>) => Mutation | undefined;
    readonly params: P;
    readonly required?: readonly R[];
    /** Conditions between params that no single one can state: `{ anyOf: […] }`. */
    readonly rules?: Readonly<Record<string, unknown>>;
    readonly messages: M;
    readonly rights?: (params: ParamsOf<P, R>) => readonly Permission[];
    readonly gather: (params: ParamsOf<P, R>, can: Pick<Capabilities, N>, context: CheckContext) => Promise<G>;
    readonly judge: (params: ParamsOf<P, R>, seen: G, say: Say<M>, now: Date) => void;
  },
): CheckKind {
  const { mutationOf } = of;
  const params = {
    type: 'object',
    additionalProperties: false,
    ...(of.required ? { required: of.required } : {}),
    properties: of.params,
    ...of.rules,
  };
  return {
    meta: {
      kind: name,
      title: of.title,
      why: of.why,
      sees: of.sees,
      not: of.not,
      needs: of.needs,
      effect: of.changes ? 'mutating' : 'read-only',
      ...(of.changes ? { mutation: of.changes } : {}),
      params: params as unknown as JSONSchema,
      messages: of.messages,
    },
    permissions: (given) => of.rights?.(given as ParamsOf<P, R>) ?? [],
    ...(mutationOf ? { mutationOf: (given: unknown) => mutationOf(given as ParamsOf<P, R>) } : {}),
    gather: (given, capabilities, context) => of.gather(given as ParamsOf<P, R>, capabilities, context),
    judge: (given, gathered, { now }) => {
      const say = new Say(of.messages);
      of.judge(given as ParamsOf<P, R>, gathered as G, say, now);
      return say.verdict();
    },
  };
}

/**
 * Looks, and keeps a refusal as data: one refused command must not discard what the others answered. The judge says
 * `say.refused(answer.refusal, subject)`. Anything else than an `ObservationError` is a defect and is thrown on.
 */
export async function attempt<T>(
  look: () => Promise<T>,
): Promise<
  { readonly seen: T; readonly refusal?: undefined } | { readonly refusal: Refusal; readonly seen?: undefined }
> {
  try {
    return { seen: await look() };
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    const { code, detail, fix } = error;
    const message = fix === undefined ? error.message : `${error.message}\nFix: ${fix}`;
    return { refusal: { code, message, ...(detail === undefined ? {} : { detail }) } };
  }
}
