/** Attempts that must be refused, made of the token that a login gave. */
import type { HttpAnswer, HttpRequest } from '../../contract/http.ts';
import type { SecretRef } from '../../contract/secrets.ts';
import { attempt, type Refusal } from '../../kit/kind.ts';
import { isSuccess } from '../../protocols/http-answers.ts';
import { ownTokens, tamperedTokens } from './tampered-tokens.ts';

/** What is kept of an answer: never its body, which may hold a token. */
export interface Attempt {
  readonly what: string;
  readonly request: string;
  readonly status: number;
  readonly ms: number;
}
export const noted = (what: string, request: string, { status, ms }: HttpAnswer): Attempt => ({
  what,
  request,
  status,
  ms: Math.round(ms),
});
/** Asks for what is protected. */
export type Open = (what: string, bearer?: HttpRequest['bearer']) => Promise<Attempt>;

interface Own {
  readonly signed: Attempt | null;
  readonly unsigned: Refusal | null;
  readonly refusals: readonly Attempt[];
}

/** Tokens signed by the key of the service itself. A key that cannot be read discards nothing that others showed. */
export async function ownAttempts(open: Open, token: string, signedBy: SecretRef | undefined, now: Date): Promise<Own> {
  const own = signedBy && ownTokens(token, now);
  if (!own) return { signed: null, unsigned: null, refusals: [] };
  const { seen, refusal } = await attempt(() => open('a token signed by the gate', { ...own.good, signedBy }));
  const refusals: Attempt[] = [];
  for (const one of seen && isSuccess(seen.status) ? own.bad : [])
    refusals.push(await open(one.what, { ...one.token, signedBy }));
  return { signed: seen ?? null, unsigned: refusal ?? null, refusals };
}

/** Tokens that nobody gave out; those made of a good one where there is one. */
export async function badAttempts(open: Open, token: string, expired: SecretRef | undefined): Promise<Attempt[]> {
  const refusals = [await open('no token'), await open('a token that is none', 'golive-no-token')];
  for (const tampered of token === '' ? [] : tamperedTokens(token))
    refusals.push(await open(tampered.what, tampered.token));
  if (expired) refusals.push(await open('a token kept from an earlier day', expired));
  return refusals;
}
