/**
 * The contract of a check kind. A kind is data (`meta`) and two functions: `gather` looks, through the capabilities it names,
 * and `judge` decides, as a pure function over what was gathered. It returns what it judged and throws `ObservationError`
 * only when it could not look. It knows nothing of severity, phase, owner or waivers: those are the checklist's.
 */
import type { JSONSchema } from 'json-schema-to-ts';
import type { Capabilities, CapabilityName, CheckContext } from '../contract/capabilities.ts';
import type { Mutation } from '../contract/environment.ts';
import type { Data, Evidence, NonEmpty, ReasonCode } from '../contract/outcome.ts';
import type { Permission } from '../contract/plan.ts';
import type { CheckKind } from './kind.ts';
import type { Message, Messages, Verdict } from './verdict.ts';
import { Say } from './verdict.ts';

export type { FromSchema, JSONSchema } from 'json-schema-to-ts';
export { ObservationError } from '../contract/capabilities.ts';
export type { Capabilities, CheckContext } from '../contract/capabilities.ts';
export type { Evidence, NonEmpty } from '../contract/outcome.ts';
export type { Permission } from '../contract/plan.ts';
export type { CheckKind } from './kind.ts';
export type { Data } from '../contract/outcome.ts';
export type { Message } from './verdict.ts';

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

/**
 * Declares a kind. Write the params schema as a constant of its own (`as const satisfies JSONSchema`) and annotate
 * `gather(params: FromSchema<typeof params>, …)`: a wrong message id, an unknown param, a capability not named in `needs` and a
 * pass without evidence are then compile errors.
 */
export function defineCheck<P, G, const N extends CapabilityName, const M extends string>(
  definition: CheckDefinition<P, G, N, M>,
): CheckKind {
  const { meta } = definition;
  return {
    meta: { ...meta, ...seenAndNot(meta.sees) },
    permissions: (params) => definition.permissions(params as P),
    ...(definition.mutationOf ? { mutationOf: (params: unknown) => definition.mutationOf?.(params as P) } : {}),
    gather: (params, capabilities, context) => definition.gather(params as P, capabilities, context),
    judge: (params, gathered, context) =>
      verdictOf(meta.messages, definition.judge(params as P, gathered as G, context)),
  };
}

/** `sees` as one text, its sentences that begin with `Not:` apart. */
function seenAndNot(text: string): { sees: readonly string[]; not: readonly string[] } {
  const [sees = text, not] = text.split(/ Not: /);
  return { sees: [sees], not: not === undefined ? [] : [not] };
}

/** The answer of a kind of the first contract in the words of the second. */
function verdictOf<M extends string>(messages: Readonly<Record<M, Message>>, judgement: Judgement<M>): Verdict {
  const say = new Say<Messages>(messages);
  say.show(...judgement.evidence);
  switch (judgement.outcome) {
    case 'pass':
      say.judged(...judgement.subjects);
      if (judgement.images) say.boundTo(...judgement.images);
      break;
    case 'fail':
      say.judged(...judgement.subjects);
      for (const { message, subject, data } of judgement.findings) say.fail(message, subject, data);
      break;
    case 'inconclusive':
      say.unsure(judgement.reason, judgement.why);
      break;
    case 'not-applicable':
      say.absent(judgement.why);
      break;
  }
  return say.verdict();
}
