/**
 * The contract of a check kind. A kind is data (`meta`) and two functions: `gather` looks, through the capabilities it names,
 * and `judge` decides, as a pure function over what was gathered. It returns what it judged and throws `ObservationError`
 * only when it could not look. It knows nothing of severity, phase, owner or waivers: those are the checklist's.
 */
import type { JSONSchema } from 'json-schema-to-ts';
import type { Capabilities, CapabilityName, CheckContext } from './contract/capabilities.ts';
import type { Mutation } from './contract/environment.ts';
import type { Evidence, NonEmpty, ReasonCode } from './contract/outcome.ts';
import type { Permission } from './contract/plan.ts';

export type { FromSchema, JSONSchema } from 'json-schema-to-ts';
export { ObservationError } from './contract/capabilities.ts';
export type { Capabilities, CheckContext } from './contract/capabilities.ts';
export type { Evidence, NonEmpty } from './contract/outcome.ts';
export type { Permission } from './contract/plan.ts';

/** A failure's text and what to do about it. `{name}` takes the finding's data of that name. */
export interface Message {
  /** Starts with the subject, ends with what was expected: `{subject}: server is {actual}, expected at least {expected}`. */
  readonly says: string;
  /** An imperative: `Upgrade the control plane`. */
  readonly fix: string;
}
export type Data = Readonly<Record<string, string | number | boolean>>;
export interface Finding<M extends string> {
  readonly message: M;
  /** The thing that does not conform, as evidence names it: `Deployment mcp-production/mcp-rust-server`. */
  readonly subject: string;
  readonly data?: Data;
}

/** What a kind answers. A pass without a subject or without evidence does not type-check. */
export type Judgement<M extends string> =
  | {
      readonly outcome: 'pass';
      /** Everything that was judged, by name. */
      readonly subjects: NonEmpty<string>;
      readonly evidence: NonEmpty<Evidence>;
      /** Image digests the evidence is bound to: another image makes it stale. */
      readonly images?: readonly string[];
    }
  | {
      readonly outcome: 'fail';
      readonly findings: NonEmpty<Finding<M>>;
      readonly subjects: readonly string[];
      readonly evidence: NonEmpty<Evidence>;
    }
  | {
      readonly outcome: 'inconclusive';
      readonly reason: Extract<
        ReasonCode,
        'no-subjects' | 'too-few-subjects' | 'too-few-samples' | 'generator-saturated' | 'no-positive-control'
      >;
      readonly why: string;
      readonly evidence: readonly Evidence[];
    }
  | { readonly outcome: 'not-applicable'; readonly why: string; readonly evidence: readonly Evidence[] };

export interface CheckMeta<N extends CapabilityName, M extends string> {
  /** `domain/name`: the folder, the YAML `kind` and the catalogue's heading. A noun of the good state's subject. */
  readonly kind: `${string}/${string}`;
  /** The good state as a sentence: `Deployments have rolled out completely`. */
  readonly title: string;
  /** What goes wrong in production without it. */
  readonly why: string;
  /** What a pass has seen, and what it has not: for the catalogue. */
  readonly sees: string;
  readonly needs: readonly N[];
  readonly effect: 'read-only' | 'mutating';
  /** Required where `effect` is `mutating`. */
  readonly mutation?: Mutation;
  /** JSON Schema of the params, an object with `additionalProperties: false`; defaults live here and nowhere else. */
  readonly params: JSONSchema;
  readonly messages: Readonly<Record<M, Message>>;
}

export interface CheckDefinition<P, G, N extends CapabilityName, M extends string> {
  readonly meta: CheckMeta<N, M>;
  /** The rights in the cluster that `gather` uses with these params. */
  permissions(params: P): readonly Permission[];
  /** For a kind whose items say themselves what they change: the class, or nothing when the item only reads. */
  mutationOf?(params: P): Mutation | undefined;
  gather(params: P, capabilities: Pick<Capabilities, N>, context: CheckContext): Promise<G>;
  judge(params: P, gathered: G, context: Pick<CheckContext, 'now'>): Judgement<M>;
}

/** A kind with its types erased, as the registry holds it. Params have been validated before they get here. */
export interface CheckKind {
  readonly meta: CheckMeta<CapabilityName, string>;
  permissions(params: unknown): readonly Permission[];
  mutationOf?(params: unknown): Mutation | undefined;
  gather(params: unknown, capabilities: Capabilities, context: CheckContext): Promise<unknown>;
  judge(params: unknown, gathered: unknown, context: Pick<CheckContext, 'now'>): Judgement<string>;
}

/**
 * Declares a kind. Write the params schema as a constant of its own (`as const satisfies JSONSchema`) and annotate
 * `gather(params: FromSchema<typeof params>, …)`: a wrong message id, an unknown param, a capability not named in `needs` and a
 * pass without evidence are then compile errors.
 */
export function defineCheck<P, G, const N extends CapabilityName, const M extends string>(
  definition: CheckDefinition<P, G, N, M>,
): CheckKind {
  return {
    meta: definition.meta,
    permissions: (params) => definition.permissions(params as P),
    ...(definition.mutationOf ? { mutationOf: (params: unknown) => definition.mutationOf?.(params as P) } : {}),
    gather: (params, capabilities, context) => definition.gather(params as P, capabilities, context),
    judge: (params, gathered, context) => definition.judge(params as P, gathered as G, context),
  };
}

/** The text of a finding: its message with the data put in. An unfilled placeholder is a defect and says so. */
export function findingText(meta: CheckKind['meta'], finding: Finding<string>): { says: string; fix: string } {
  const message = meta.messages[finding.message];
  if (!message) throw new Error(`${meta.kind}: no message ${finding.message}`);
  const fill = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = name === 'subject' ? finding.subject : finding.data?.[name];
      if (value === undefined) throw new Error(`${meta.kind}: message ${finding.message} has no value for {${name}}`);
      return String(value);
    });
  return { says: fill(message.says), fix: fill(message.fix) };
}
