/** What a flag gives whoever asks without saying who it is: from flagd's file, or from the answer of a service that speaks OFREP. */
import { ObservationError } from '../../contract/capabilities.ts';
import { at, isRecord, plainText, textAt } from '../../contract/json.ts';

interface Named {
  readonly name: string;
  /** Rules decide: others may get another value. */
  readonly byRules?: boolean;
}
export type FlagState = Named &
  (
    | { readonly state: 'value'; readonly value: unknown }
    | { readonly state: 'missing' }
    | { readonly state: 'disabled' }
    | { readonly state: 'code' }
    | { readonly state: 'broken'; readonly variant: string }
    | { readonly state: 'unclear'; readonly why: string }
  );

/** A flag of flagd's file. */
export function stateInFile(name: string, flag: unknown): FlagState {
  if (!isRecord(flag)) return { name, state: 'missing' };
  const state = textAt(flag, '', 'state');
  if (state === 'DISABLED') return { name, state: 'disabled' };
  if (state !== 'ENABLED') return { name, state: 'unclear', why: 'it has no state that flagd knows' };
  const rules = flag['targeting'];
  const byRules = isRecord(rules) && Object.keys(rules).length > 0;
  const variant = flag['defaultVariant'];
  const variants = at(flag, 'variants');
  // Null or left out since 2025: the program's own default.
  if (variant === undefined || variant === null || variant === '') return { name, byRules, state: 'code' };
  const key = plainText(variant);
  if (!isRecord(variants) || !Object.hasOwn(variants, key)) return { name, byRules, state: 'broken', variant: key };
  return { name, byRules, state: 'value', value: variants[key] };
}

/** Reasons of OFREP that say that everybody is given the same. */
const SAME_FOR_ALL = ['STATIC', 'DEFAULT', 'CACHED', 'STALE', ''];

const REFUSALS: Readonly<Record<number, 'unauthorized' | 'forbidden'>> = { 401: 'unauthorized', 403: 'forbidden' };

/** The answer to one flag. Throws what says nothing of the flag. */
export function stateOfAnswer(name: string, status: number, body: unknown): FlagState {
  const reason = textAt(body, '', 'reason').toUpperCase();
  const code = textAt(body, '', 'errorCode');
  if (status === 200 && reason === 'DISABLED') return { name, state: 'disabled' };
  if (status === 200 && isRecord(body) && 'value' in body)
    return { name, byRules: !SAME_FOR_ALL.includes(reason), state: 'value', value: body['value'] };
  if (status === 200) return { name, state: 'code' };
  // A service without this path answers 404, too.
  if (status === 404 && code === 'FLAG_NOT_FOUND') return { name, state: 'missing' };
  if (status === 400 && ['TARGETING_KEY_MISSING', 'INVALID_CONTEXT'].includes(code))
    return { name, state: 'unclear', why: 'its rules need to know who asks' };
  throw noState(name, status, code);
}

function noState(name: string, status: number, code: string): ObservationError {
  const why = `the service answers ${status}${code === '' ? '' : ` ${code}`} for flag ${name}`;
  return new ObservationError(REFUSALS[status] ?? 'protocol', why, { detail: `http-${status}` });
}
