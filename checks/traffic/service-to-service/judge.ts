/** How calls between services are judged. */
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { createAjv } from '../../kit/params.ts';
import { readingEvidence, shortened, table, type Reading } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { parseJson } from '../../contract/json.ts';
import { schemaProblems } from '../../kit/schema-problems.ts';
import { addressOf, commandOf, type Call, type Params } from './params.ts';

export const messages = {
  callerMissing: {
    says: '{subject}: Deployment {from} does not exist, expected a pod of it to call from.',
    fix: 'Apply its manifest, or correct the name in the item.',
  },
  noReadyPod: {
    says: '{subject}: Deployment {from} has no ready pod, expected one to call from.',
    fix: 'See "kubectl describe pod" on its pods for why they are not ready.',
  },
  notReached: {
    says: '{subject}: {why} (curl exits {exitCode}: {stderr}), expected an answer.',
    fix: 'Follow the exit code. {hint}.',
  },
  redirected: {
    says: '{subject}: was answered {status}, expected an answer of its own (2xx).',
    fix: 'Call the path that answers by itself: a redirect says nothing of the service, and may lead to another one.',
  },
  wrongBody: {
    says: '{subject}: {problems}, expected an answer that meets its schema.',
    fix: 'Check that the Service selects the pods of that application, and that its port leads to theirs.',
  },
  reached: {
    says: '{subject}: got through, expected the network to keep it out.',
    fix: 'Compare the NetworkPolicies that select the called pods with this caller, and check that the network plugin enforces them.',
  },
};
type Id = keyof typeof messages;

export type CallSeen =
  | { readonly caller: 'missing' | 'not ready' }
  | {
      readonly caller: 'ready';
      readonly pod: string;
      readonly exitCode: number;
      readonly stdout: string;
      /** Of the answer; absent where curl told none. */
      readonly status?: number;
      readonly stderr: string;
      readonly ms: number;
    };
export interface Gathered {
  /** One for each call of params, in its order. */
  readonly calls: readonly CallSeen[];
  readonly readings: readonly Reading[];
}
interface Row {
  readonly call: Call;
  readonly seen: CallSeen;
}

/** Exit codes of curl (its manual page, "EXIT CODES"): what each says of the way to the service. */
const EXITS: Readonly<Record<number, { readonly why: string; readonly hint: string }>> = {
  6: {
    why: 'the name does not resolve',
    hint: 'Create the Service or correct its name, and check the DNS of the cluster from that pod',
  },
  7: {
    why: 'the connection was refused',
    hint: 'Compare the selector and ports of the Service with the pods behind it: no ready endpoint, or another port',
  },
  22: { why: 'the service answered with an error', hint: 'Read the log of the called service for that request' },
  28: {
    why: 'nothing answered in time',
    hint: 'Look for a NetworkPolicy that drops the call, then at what the called service waits for',
  },
  52: {
    why: 'the service closed the connection without an answer',
    hint: 'Read the log of the called service: it may have crashed',
  },
  56: { why: 'the connection broke off', hint: 'Read the log of the called service: it may have crashed' },
};
/** Exits that a dropped or rejected connection ends with: what a network policy makes of a call. */
const KEPT_OUT = new Set([7, 28]);

export function judge(params: Params, { calls, readings }: Gathered): Judgement<Id> {
  const rows = params.calls.flatMap((call, index): Row[] => {
    const seen = calls[index];
    return seen ? [{ call, seen }] : [];
  });
  const evidence = evidenceOf(params, rows, readings);
  const findings = rows.flatMap((row) => findingsOf(params, row));
  if (findings.length === 0 && rows.length < params.calls.length)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${rows.length} of ${params.calls.length} calls were made.`,
      evidence,
    };
  const unproven =
    findings.length === 0 ? rows.find((row) => !row.call.reachable && !isProven(params, row, rows)) : undefined;
  if (unproven)
    return {
      outcome: 'inconclusive',
      reason: 'no-positive-control',
      why: `${subjectOf(params, unproven.call)} did not get through, but that proves nothing: add a call of this Deployment that does, and one of another that reaches the same Service.`,
      evidence,
    };
  return judged(
    findings,
    rows.map(({ call }) => subjectOf(params, call)),
    evidence,
    '',
  );
}

const subjectOf = (params: Params, call: Call): string =>
  `Deployment ${params.namespace}/${call.from} to ${addressOf(params, call)}`;
const gotThrough = ({ seen }: Row): boolean => seen.caller === 'ready' && seen.exitCode === 0;

/** Kept out, rather than unable to call at all or calling what is down. */
function isProven(params: Params, { call }: Row, rows: readonly Row[]): boolean {
  const target = ({ to }: Call): string => `${to.namespace ?? params.namespace}/${to.name}:${to.port}`;
  const others = rows.filter((row) => row.call.reachable && gotThrough(row));
  return (
    others.some((other) => other.call.from === call.from) && others.some((other) => target(other.call) === target(call))
  );
}

function findingsOf(params: Params, { call, seen }: Row): Finding<Id>[] {
  const subject = subjectOf(params, call);
  if (seen.caller !== 'ready')
    return [
      { message: seen.caller === 'missing' ? 'callerMissing' : 'noReadyPod', subject, data: { from: call.from } },
    ];
  const { exitCode, stdout, status = 200 } = seen;
  // An HTTP error is an answer, too: the call got through.
  if (!call.reachable && (exitCode === 0 || exitCode === 22)) return [{ message: 'reached', subject }];
  if (!call.reachable && KEPT_OUT.has(exitCode)) return [];
  if (exitCode !== 0) return [notReached(subject, seen)];
  if (status < 200 || status > 299) return [{ message: 'redirected', subject, data: { status } }];
  const problems = bodyProblems(call, stdout);
  return problems === null ? [] : [{ message: 'wrongBody', subject, data: { problems } }];
}

function notReached(subject: string, { exitCode, stderr }: CallSeen & { caller: 'ready' }): Finding<Id> {
  const { why, hint } = EXITS[exitCode] ?? {
    why: 'the call failed',
    hint: 'Look the exit code up in the manual page of curl',
  };
  const said = shortened(stderr.replace(/\s+/g, ' ').trim(), 150);
  return { message: 'notReached', subject, data: { why, hint, exitCode, stderr: said === '' ? 'no words' : said } };
}

function bodyProblems({ schema }: Call, body: string): string | null {
  if (!schema) return null;
  const value = parseJson(body);
  if (value === undefined) return 'the answer is no JSON';
  const validate = createAjv({ useDefaults: false }).compile(schema);
  if (validate(value)) return null;
  return schemaProblems(validate.errors);
}

function evidenceOf(
  params: Params,
  rows: readonly Row[],
  readings: readonly Reading[],
): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      'Calls',
      ['from', 'pod', 'command', 'must get through', 'exit', 'ms', 'bytes'],
      rows.map(({ call, seen }) => [
        `Deployment ${params.namespace}/${call.from}`,
        seen.caller === 'ready' ? seen.pod : seen.caller,
        commandOf(params, call).join(' '),
        call.reachable,
        seen.caller === 'ready' ? seen.exitCode : null,
        seen.caller === 'ready' ? seen.ms : null,
        seen.caller === 'ready' ? seen.stdout.length : null,
      ]),
    ),
    ...readings.map(readingEvidence),
  ];
}
