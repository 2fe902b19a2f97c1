/** How calls between services are judged. */
import { parseJson } from '../../contract/json.ts';
import { shortened, table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import { isSuccess, schemaProblem } from '../../protocols/http-answers.ts';
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
} as const;

export type CallSeen =
  | { readonly caller: 'missing' | 'not ready' }
  | {
      readonly caller: 'ready';
      readonly pod: string;
      readonly exitCode: number;
      readonly stdout: string;
      /** Of the answer; absent where curl reported none. */
      readonly status?: number;
      readonly stderr: string;
      readonly ms: number;
    };
interface Row {
  readonly call: Call;
  readonly seen: CallSeen;
  readonly subject: string;
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

export function judge(params: Params, { calls }: { readonly calls: readonly CallSeen[] }, say: Say<typeof messages>) {
  const rows = params.calls.flatMap((call, index): Row[] => {
    const seen = calls[index];
    return seen ? [{ call, seen, subject: subjectOf(params, index) }] : [];
  });
  say.judged(...rows.map(({ subject }) => subject));
  say.show(
    table(
      'Calls',
      ['from', 'pod', 'command', 'must get through', 'exit', 'ms', 'bytes'],
      rows.map(({ call, seen }) => [
        `Deployment ${params.namespace}/${call.from}`,
        ...(seen.caller === 'ready'
          ? [seen.pod, commandOf(params, call).join(' '), call.reachable, seen.exitCode, seen.ms, seen.stdout.length]
          : [seen.caller, commandOf(params, call).join(' '), call.reachable, null, null, null]),
      ]),
    ),
  );
  if (rows.length < params.calls.length)
    say.unsure('too-few-subjects', `${rows.length} of ${params.calls.length} calls were made.`);
  for (const row of rows) {
    judgeCall(row, say);
    if (isKeptOut(row) && !isProven(params, row, rows))
      say.unsure(
        'no-positive-control',
        `${row.subject} did not get through, but that proves nothing: add a call of this Deployment that does, and one of another that reaches the same Service.`,
        { subject: row.subject },
      );
  }
}

/** Each call by a name of its own: of several alike the second is told by its place in the item. */
function subjectOf(params: Params, index: number): string {
  const [name = '', ...before] = params.calls
    .slice(0, index + 1)
    .map((call) => `Deployment ${params.namespace}/${call.from} to ${addressOf(params, call)}`)
    .reverse();
  return before.includes(name) ? `${name} (call ${index + 1})` : name;
}

const isKeptOut = ({ call, seen }: Row): boolean =>
  !call.reachable && seen.caller === 'ready' && KEPT_OUT.has(seen.exitCode);

/** Kept out, rather than unable to call at all or calling what is down. */
function isProven(params: Params, { call }: Row, rows: readonly Row[]): boolean {
  const target = ({ to }: Call): string => `${to.namespace ?? params.namespace}/${to.name}:${to.port}`;
  const others = rows.filter(({ call, seen }) => call.reachable && seen.caller === 'ready' && seen.exitCode === 0);
  return (
    others.some((other) => other.call.from === call.from) && others.some((other) => target(other.call) === target(call))
  );
}

function judgeCall(row: Row, say: Say<typeof messages>): void {
  const { call, seen, subject } = row;
  if (seen.caller !== 'ready')
    return say.fail(seen.caller === 'missing' ? 'callerMissing' : 'noReadyPod', subject, { from: call.from });
  const { exitCode, stdout, status = 200 } = seen;
  // An HTTP error is an answer, too: the call got through.
  if (!call.reachable && (exitCode === 0 || exitCode === 22)) return say.fail('reached', subject);
  if (isKeptOut(row)) return;
  if (exitCode !== 0) {
    const exit = EXITS[exitCode] ?? {
      why: 'the call failed',
      hint: 'Look the exit code up in the manual page of curl',
    };
    const said = shortened(seen.stderr.replace(/\s+/g, ' ').trim(), 150);
    return say.fail('notReached', subject, { ...exit, exitCode, stderr: said === '' ? 'no words' : said });
  }
  if (!isSuccess(status)) return say.fail('redirected', subject, { status });
  const problems = call.schema ? bodyProblems(call.schema, stdout) : null;
  if (problems !== null) say.fail('wrongBody', subject, { problems });
}

function bodyProblems(schema: object, body: string): string | null {
  const value = parseJson(body);
  return value === undefined ? 'the answer is no JSON' : schemaProblem(schema, value);
}
