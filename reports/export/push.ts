/** Sends metrics to a Pushgateway. PUT: whatever the run before pushed under the same labels goes, so that no item of it lives on. */
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
  const base = addressOf(gateway);
  const { username, password } = base;
  const shown = `${base.protocol}//${base.host}${base.pathname}`;
  base.username = base.password = '';
  base.pathname = `${base.pathname.replace(/\/$/, '')}${groupPath(labels)}`;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  let answer: Response;
  try {
    answer = await fetch(base, {
      method: 'PUT',
      body: text,
      redirect: 'error',
      headers: {
        'content-type': 'text/plain; version=0.0.4',
        ...(username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
      signal: AbortSignal.timeout(LIMIT_MS),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(`the Pushgateway at ${shown} did not answer: ${cause}`, { cause: error });
  }
  const said = (await answer.text()).trim().slice(0, 300);
  if (answer.status !== 200 && answer.status !== 202)
    throw new Error(`the Pushgateway at ${shown} refused the metrics: ${answer.status} ${said}`);
}

function addressOf(gateway: string): URL {
  const url = URL.canParse(gateway) ? new URL(gateway) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Error('--push needs the address of a Pushgateway, such as http://pushgateway.example:9091');
  return url;
}
