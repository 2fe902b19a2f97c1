/** Credentials of no system, in the shapes of real ones: for tests that none of them is shown. Built from halves, so that no scanner takes this file for a leak. */

export interface Canary {
  /** As another system would say it. */
  readonly text: string;
  /** What must not be seen. */
  readonly secret: string;
}

const halves = (one: string, other: string): string => one + other;
const R = 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5kL7n';
const HEX = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c';
const UPPER = 'Q3ZX7LM2KD9PW5RT';
const own = (text: string, secret = text): Canary => ({ text, secret });
const named = (before: string, secret: string, after = ''): Canary => ({ text: before + secret + after, secret });

export const CANARIES: Readonly<Record<string, Canary>> = {
  'an AWS key': own(`${halves('AK', 'IA')}${UPPER}`),
  'an AWS secret by name': named('aws_secret_access_key = ', 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12'),
  'an AWS secret alone': own('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE+42'),
  'a signed AWS address': named('https://b.s3.amazonaws.com/o?X-Amz-Signature=', HEX, '&x=1'),
  'a GitHub token': own(`${halves('gh', 'p_')}${R.slice(0, 36)}`),
  'a fine-grained GitHub token': own(`${halves('github', '_pat_')}11${R}_${R}`),
  'a Slack token': own(`${halves('xo', 'xb')}-123456789012-1234567890123-${R.slice(0, 24)}`),
  'a Slack webhook': named(
    `https://hooks.slack.com/services/`,
    `T0${UPPER.slice(0, 8)}/B0${UPPER.slice(0, 8)}/${R.slice(0, 24)}`,
  ),
  'a Discord webhook': named('https://discord.com/api/webhooks/', `123456789012345678/${R}`),
  'a Teams webhook': named('https://x.webhook.office.com/webhookb2/', `${HEX.slice(0, 32)}@${HEX.slice(0, 32)}`),
  'a Telegram bot': named('https://api.telegram.org/bot', `123456789:${R.slice(0, 35)}`, '/sendMessage'),
  'a PagerDuty integration': named('https://events.pagerduty.com/integration/', HEX.slice(0, 32), '/enqueue'),
  'a PagerDuty routing key': named('routing_key: ', HEX.slice(0, 32)),
  'a PagerDuty routing key in JSON': named('{"routing_key":"', `R0${UPPER}${UPPER.slice(0, 14)}`, '"}'),
  'a JWT': own(`${halves('ey', 'JhbGciOiJIUzI1NiJ9')}.${halves('ey', 'JzdWIiOiJnb2xpdmUifQ')}.${R}`),
  'a private key': named('-----BEGIN RSA PRIVATE KEY-----\n', `MIIEow${R}`, '\n-----END RSA PRIVATE KEY-----'),
  'a private key cut off': named('-----BEGIN PRIVATE KEY-----\n', `MIIEvg${R}`),
  'a bearer token': named('Authorization: Bearer ', R),
  'basic authentication': named('Authorization: Basic ', Buffer.from('admin:hunter2-canary').toString('base64')),
  'an npm token': own(`${halves('npm', '_')}${R.slice(0, 36)}`),
  'a GitLab token': own(`${halves('gl', 'pat-')}${R.slice(0, 20)}`),
  'a Google key': own(`${halves('AI', 'za')}${R.slice(0, 35)}`),
  'a Stripe key': own(`${halves('sk', '_live_')}${R.slice(0, 24)}`),
  'an Azure signature': named('https://a.blob.core.windows.net/c/b?sv=2024-01-01&sig=', 'kR7x%2Bq9Zl0w%3D', '&se=2027'),
  'an Azure account key': named('DefaultEndpointsProtocol=https;AccountName=a;AccountKey=', `${R}${R}==`, ';E=x'),
  'a DSN': named('host=db.example port=5432 user=app password=', 'hunter2-canary', ' dbname=app'),
  'the address of a database': named('postgres://app:', 'hunter2-canary', '@db.example:5432/app'),
  'a password with slashes': named('mongodb+srv://app:', 'hun/ter2/canary', '@db.example/app'),
  'the user of an address': named('https://', 'robot:hunter2-canary', '@harbor.example/v2/'),
  'the key of a Sentry DSN': named('https://', HEX.slice(0, 32), '@o1.ingest.sentry.io/1'),
  'a SendGrid key': own(`${halves('SG', '.')}${R.slice(0, 22)}.${R}`),
  'a Datadog key': named('DD_API_KEY=', HEX.slice(0, 32)),
  'a Datadog application key': named('"dd-application-key": "', HEX, '"'),
  'a Vault token': own(`${halves('hvs', '.')}${R}`),
  'a value that has drifted': named('- name: DB_PASSWORD\n  value: ', 'hunter2canary'),
  'a value that has drifted, in JSON': named('{"name":"DB_PASSWORD","value":"', 'hunter2canary', '"}'),
  'a password of a configuration': named('smtp_auth_password: ', 'hunter2-canary'),
};
