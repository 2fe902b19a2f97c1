/**
 * What a kind answers, and the one policy by which it becomes an outcome: finding > doubt > waiting > nothing judged > pass. A judge collects
 * what it saw with a `Say`; no kind tests for itself whether it found anything.
 */
import { plainText } from '../contract/json.ts';
import type { Data, Doubt, Evidence, Finding, ReasonCode, Subject } from '../contract/outcome.ts';
import { subjectText } from '../contract/outcome.ts';

/** A failure's text and what to do about it. `{name}` takes the finding's data of that name. */
export interface Message {
  /** Starts with the subject, ends with what was expected: `{subject}: is {actual}, expected at least {expected}.` */
  readonly says: string;
  /** An imperative: `Upgrade the control plane.` */
  readonly fix: string;
  /** Data that its findings may carry beyond what the texts name, for programs. */
  readonly also?: readonly string[];
}
export type Messages = Readonly<Record<string, Message>>;

const PLACEHOLDER = /\{(\w+)\}/g;
/** Names in braces, `{subject}` left out: what a finding of this message must have as data. */
type Holes<Text> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Exclude<Name, 'subject'> | Holes<Rest>
  : never;
type HolesOf<M> = M extends { says: infer Says; fix: infer Fix } ? Holes<Says> | Holes<Fix> : never;
type DataArgument<Names extends string> = [Names] extends [never]
  ? [data?: Data, place?: Place]
  : [data: Data & Readonly<Record<Names, Data[string]>>, place?: Place];

/** The names of the data that findings of a message have. */
export function dataNames({ says, fix, also = [] }: Message): readonly string[] {
  const inBraces = [...`${says} ${fix}`.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
  return [...new Set([...inBraces, ...also])].filter((name) => name !== 'subject');
}

/** Where in an object or a file it stands. */
export interface Place {
  /** JSON path into the object. */
  readonly path?: string;
  /** `file:line:column`. */
  readonly at?: string;
}

/** Reasons that make an item inconclusive: the means of looking worked and saw too little. */
export const INCONCLUSIVE = [
  'no-subjects',
  'too-few-subjects',
  'too-few-samples',
  'generator-saturated',
  'no-positive-control',
  'unknown-value',
] as const satisfies readonly ReasonCode[];
/** Reasons that make it an error: one of the means of looking failed. */
export const UNOBSERVED = [
  'unreachable',
  'unauthorized',
  'forbidden',
  'not-found',
  'timeout',
  'protocol',
  'tls',
  'misconfigured',
  'component-missing',
] as const satisfies readonly ReasonCode[];
export type DoubtReason = (typeof INCONCLUSIVE)[number] | (typeof UNOBSERVED)[number];

/** What a person has yet to do, or that the time of it has not come: `not-due` holds nothing. */
export type WaitReason = Extract<ReasonCode, 'needs-attestation' | 'needs-signature' | 'not-due'>;

/** A kind's answer as data. */
export interface Verdict {
  readonly outcome: 'pass' | 'fail' | 'error' | 'inconclusive' | 'pending' | 'not-applicable';
  readonly findings: readonly Finding[];
  readonly doubts: readonly Doubt[];
  /** Everything that was judged, by name. */
  readonly subjects: readonly string[];
  readonly evidence: readonly Evidence[];
  /** Why the item does not apply, for `not-applicable`. */
  readonly absent?: string;
  /** Whom the item waits for, for `pending`. */
  readonly waits?: { readonly reason: WaitReason; readonly why: string };
  /** Image digests the evidence is bound to: another image makes it stale. */
  readonly images?: readonly string[];
}

/** A capability's refusal, kept so that what was learnt already is not lost: see `attempt`. */
export interface Refusal {
  readonly code: ReasonCode;
  readonly detail?: string;
  readonly message: string;
}

/** An object reference: `objectSubject('Deployment', { namespace: 'shop', name: 'api' })`. */
export function objectSubject(
  kind: string,
  { name, namespace }: { readonly name: string; readonly namespace?: string | undefined },
  more: Pick<Subject, 'apiVersion' | 'container'> = {},
): Subject {
  return { name, kind, ...(namespace === undefined ? {} : { namespace }), ...more };
}

/** The same said twice of one subject is one finding: as a key. */
const keyOf = ({ id, subject, data, path, at }: Finding): string =>
  [id, path, at, subject.container, subject.apiVersion, subjectText(subject), JSON.stringify(data)].join('\n');

/**
 * Collects what a judge says. `M` are the kind's messages: a wrong id, or a finding without the data that its message names, is a
 * compile error.
 */
export class Say<const M extends Messages> {
  readonly #messages: M;
  readonly #subjects = new Set<string>();
  readonly #evidence: Evidence[] = [];
  readonly #findings = new Map<string, Finding>();
  readonly #doubts: Doubt[] = [];
  #images: readonly string[] | undefined;
  #absent: string | undefined;
  #waits: Verdict['waits'];

  constructor(messages: M) {
    this.#messages = messages;
  }

  /** Names what is judged. Each of several is named, also the one that fails. */
  judged(...subjects: readonly (string | Subject)[]): void {
    for (const subject of subjects) this.#subjects.add(textOf(subject));
  }

  /** Evidence that the host does not record by itself: what was seen, not what was asked. */
  show(...evidence: readonly Evidence[]): void {
    this.#evidence.push(...evidence);
  }

  /** Something does not conform: `say.fail('tooOld', 'Node a', { actual: 'v1.27.3', expected: '1.28' })`. */
  fail<const Id extends keyof M & string>(
    id: Id,
    subject: string | Subject,
    ...rest: DataArgument<HolesOf<M[Id]>>
  ): void {
    const [data = {}, place = {}] = rest;
    const message = this.#messages[id];
    if (!message) throw new Error(`no message ${id}`);
    const whom = subjectOf(subject);
    const finding = { id, subject: whom, data, ...place, ...rendered(id, message, whom, data) };
    this.#findings.set(keyOf(finding), finding);
  }

  /** Something could not be judged, and why. */
  unsure(
    reason: DoubtReason,
    why: string,
    about: { readonly subject?: string | Subject; readonly detail?: string | undefined } = {},
  ): void {
    this.#doubts.push({
      reason,
      ...(about.detail === undefined ? {} : { detail: about.detail }),
      ...(about.subject === undefined ? {} : { subject: subjectOf(about.subject) }),
      why,
    });
  }

  /** A value that the other side does not report is neither good nor bad: `say.unknown('Redis at a', 'maxmemory-policy')`. */
  unknown(subject: string | Subject, what: string): void {
    this.unsure('unknown-value', `${textOf(subject)}: does not report ${what}.`, { subject });
  }

  /** One means of looking failed; what the others showed still stands. */
  refused({ code, detail, message }: Refusal, subject?: string | Subject): void {
    const about = { ...(subject === undefined ? {} : { subject }), detail };
    const known = [...UNOBSERVED, ...INCONCLUSIVE].find((one) => one === code);
    this.unsure(known ?? 'protocol', message, about);
  }

  /** What the item is about does not exist by design: not applicable, where the item allows it and nothing else was said. */
  absent(why: string): void {
    this.#absent = why;
  }

  /** A person has yet to do something, or it is too early: pending, where nothing else was said. */
  waits(reason: WaitReason, why: string): void {
    this.#waits = { reason, why };
  }

  /** Binds the evidence to images: a replaced one makes it stale. */
  boundTo(...images: readonly string[]): void {
    this.#images = [...new Set([...(this.#images ?? []), ...images])];
  }

  verdict(): Verdict {
    const findings = [...this.#findings.values()];
    const doubts = this.#doubts;
    const base = { findings, doubts, subjects: [...this.#subjects], evidence: this.#evidence };
    if (findings.length > 0) return { ...base, outcome: 'fail' };
    if (doubts.length > 0)
      return { ...base, outcome: doubts.some(({ reason }) => isUnobserved(reason)) ? 'error' : 'inconclusive' };
    if (this.#waits !== undefined) return { ...base, outcome: 'pending', waits: this.#waits };
    if (this.#absent !== undefined) return { ...base, outcome: 'not-applicable', absent: this.#absent };
    if (this.#subjects.size === 0)
      return {
        ...base,
        outcome: 'inconclusive',
        doubts: [{ reason: 'no-subjects', why: 'Nothing was found to judge.' }],
      };
    return { ...base, outcome: 'pass', ...(this.#images ? { images: this.#images } : {}) };
  }
}

/** Did one of the means of looking fail, rather than show too little? */
export function isUnobserved(reason: ReasonCode): boolean {
  return (UNOBSERVED as readonly ReasonCode[]).includes(reason);
}

function subjectOf(subject: string | Subject): Subject {
  return typeof subject === 'string' ? { name: subject } : subject;
}
function textOf(subject: string | Subject): string {
  return typeof subject === 'string' ? subject : subjectText(subject);
}

/** The message with the data put in. An unfilled placeholder is a defect and says so. */
function rendered(id: string, message: Message, subject: Subject, data: Data): { says: string; fix: string } {
  const fill = (text: string): string =>
    piecesOf(text).reduce((filled, piece, index) => {
      if (index % 2 === 0) return filled + piece;
      const value = piece === 'subject' ? subjectText(subject) : data[piece];
      if (value === undefined) throw new Error(`message ${id} has no value for {${piece}}`);
      return filled + plainText(value);
    }, '');
  return { says: fill(message.says), fix: fill(message.fix) };
}

/** A text of messages as plain text and names in turn: each is filled in a thousand times in a large cluster. */
const taken = new Map<string, readonly string[]>();
function piecesOf(text: string): readonly string[] {
  const pieces = taken.get(text) ?? text.split(PLACEHOLDER);
  taken.set(text, pieces);
  return pieces;
}
