/** Sends metrics to a Pushgateway. PUT: whatever the run before pushed under the same labels goes, so that no item of it lives on. */
import { at, parseJson, textAt } from '../../checks/contract/json.ts';

const JOB = 'golive';
const LIMIT_MS = 10_000;

/** The group's path: its labels, in base64 as they may hold anything. */
export function groupPath(labels: Readonly<Record<string, string>>): string {
  const steps = Object.entries(labels).map(([name, value]) => {
    // An empty value has a sign of its own there.
    const encoded = value === '' ? '=' : Buffer.from(value).toString('base64url');
    return `/${name}@base64/${encoded}`;
  });
  return `/metrics/job/${JOB}${steps.join('')}`;
}

/** Throws where the gateway did not take it; the message holds no credential of the address. */
export async function pushMetrics(
  gateway: string,
  text: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const to = addressOf(gateway, '--push needs the address of a Pushgateway, such as http://pushgateway.example:9091');
  await sent({ ...to, name: 'Pushgateway' }, groupPath(labels), {
    method: 'PUT',
    body: text,
    headers: { 'content-type': 'text/plain; version=0.0.4' },
  });
}

/**
 * Sends metrics to a receiver of OTLP over HTTP. `headers` is OTEL_EXPORTER_OTLP_HEADERS, as every exporter reads it. Throws where not all of them
 * were taken: a receiver answers 200, too, when it has thrown some away.
 */
export async function sendOtlp(receiver: string, request: object, headers = ''): Promise<void> {
  const to = addressOf(receiver, '--otlp needs the address of a receiver, such as http://collector.example:4318');
  const said = await sent({ ...to, name: 'OTLP receiver' }, '/v1/metrics', {
    method: 'POST',
    body: JSON.stringify(request),
    headers: { ...headersIn(headers), 'content-type': 'application/json' },
  });
  const partial = at(parseJson(said), 'partialSuccess');
  const rejected = Number(at(partial, 'rejectedDataPoints') ?? 0);
  if (rejected > 0)
    throw new Error(
      `the OTLP receiver at ${to.shown} threw ${rejected} values away: ${textAt(partial, 'no reason', 'errorMessage').slice(0, 300)}`,
    );
}

/** `name=value` pairs, values percent-encoded. */
function headersIn(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), decodeURIComponent(value.join('=').trim())];
    }),
  );
}

interface Receiver {
  readonly base: URL;
  readonly authorization: Readonly<Record<string, string>>;
  /** The address without its credential. */
  readonly shown: string;
}

/** What it answered. */
async function sent(
  { name, base, authorization, shown }: Receiver & { readonly name: string },
  path: string,
  {
    headers,
    ...request
  }: { readonly method: string; readonly body: string; readonly headers: Readonly<Record<string, string>> },
): Promise<string> {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, '')}${path}`;
  let answer: Response;
  try {
    const signal = AbortSignal.timeout(LIMIT_MS);
    answer = await fetch(url, { ...request, redirect: 'error', headers: { ...authorization, ...headers }, signal });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(`the ${name} at ${shown} did not answer: ${cause}`, { cause: error });
  }
  const said = (await answer.text()).trim();
  if (answer.status !== 200 && answer.status !== 202)
    throw new Error(`the ${name} at ${shown} refused the metrics: ${answer.status} ${said.slice(0, 300)}`);
  return said;
}

function addressOf(address: string, wrong: string): Receiver {
  const base = URL.canParse(address) ? new URL(address) : null;
  if (base === null || !/^https?:$/.test(base.protocol)) throw new Error(wrong);
  const { username, password } = base;
  base.username = base.password = '';
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    base,
    authorization: username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    shown: `${base.protocol}//${base.host}${base.pathname}`,
  };
}
