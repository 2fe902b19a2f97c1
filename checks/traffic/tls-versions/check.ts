import type { TlsTarget } from '../../contract/network.ts';
import {
  defineCheck,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { present } from '../../kit/judged.ts';
import { addressOf, serversOf, shake, tlsServers, type Handshake } from '../../protocols/tls-servers.ts';

const messages = {
  noAnswer: {
    says: '{subject}: no TLS handshake ({why}), expected TLS 1.3.',
    fix: 'Start the server, or open the way to it from where the gate runs.',
  },
  refused: {
    says: '{subject}: refuses TLS 1.3 ({why}), expected a handshake.',
    fix: 'Enable TLS 1.3 in the server or the proxy before it.',
  },
  withoutTls: {
    says: '{subject}: is declared without TLS ({declared}), expected TLS 1.3.',
    fix: 'Give the server a certificate and declare it with TLS, or exempt it with the reason why.',
  },
  speaksOlder: {
    says: '{subject}: speaks {actual}, too, expected that it refuses what is older than TLS 1.3.',
    fix: 'Set the lowest version of the server to TLS 1.3, or exempt it with the reason why.',
  },
  unmatchedExemption: {
    says: '{subject}: may {allows}, which it does not do or which nobody declares; expected exemptions that are needed.',
    fix: 'Remove the exemption, or correct its name.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...tlsServers,
    exemptions: {
      type: 'array',
      default: [],
      description: 'Servers that may deviate, each with the reason why; one that is not needed is reported.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['server', 'allows', 'reason'],
        properties: {
          server: {
            type: 'string',
            minLength: 1,
            description: 'As evidence names it: "endpoint metrics", "store postgres".',
          },
          allows: {
            type: 'string',
            enum: ['no TLS', 'older versions'],
            description: 'Declared without TLS, or speaking older versions besides TLS 1.3.',
          },
          reason: { type: 'string', minLength: 10, description: 'Why it may, in a sentence.' },
        },
      },
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Seen {
  readonly server: string;
  readonly address: string;
  /** Offered TLS 1.3 alone. */
  readonly newest: Handshake;
  /** Offered everything older, on the same port; null when TLS 1.3 did not work: then a refusal says nothing. */
  readonly older: Handshake | null;
  /** TLS 1.3 once more, after the refusal: the server was there all the time. */
  readonly after: Handshake | null;
}
interface Gathered {
  readonly seen: readonly Seen[];
  readonly withoutTls: readonly { readonly server: string; readonly declared: string }[];
}

export const tlsVersions = defineCheck({
  meta: {
    kind: 'traffic/tls-versions',
    title: 'Every declared server speaks TLS 1.3 and refuses what is older',
    why: 'One server that still takes an old version is where an attacker downgrades the connection.',
    sees: 'A handshake with TLS 1.3 alone, one that offers only older versions, and TLS 1.3 again, with each declared endpoint, database, cache and registry. Not: which ciphers it would choose for other clients, or whether its certificate is good.',
    needs: ['tls'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather,
  judge,
});

async function gather(params: Params, { tls }: Pick<Capabilities, 'tls'>): Promise<Gathered> {
  const servers = serversOf(params);
  const seen: Seen[] = [];
  const offer = (target: TlsTarget, ...[minVersion, maxVersion]: ['TLSv1' | 'TLSv1.3', 'TLSv1.2' | 'TLSv1.3']) =>
    shake(tls, target, { minVersion, maxVersion });
  for (const { name, target } of servers) {
    if (!target) continue;
    const newest = await offer(target, 'TLSv1.3', 'TLSv1.3');
    const works = newest.handshake === 'completed';
    const older = works ? await offer(target, 'TLSv1', 'TLSv1.2') : null;
    const after = older !== null && older.handshake !== 'completed' ? await offer(target, 'TLSv1.3', 'TLSv1.3') : null;
    seen.push({ server: name, address: addressOf(target), newest, older, after });
  }
  return {
    seen,
    withoutTls: servers.flatMap(({ name, declared }) => (declared === undefined ? [] : [{ server: name, declared }])),
  };
}

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { seen, withoutTls } = gathered;
  const { exemptions } = params;
  const may = (server: string, what: string): boolean =>
    exemptions.some((one) => one.server === server && one.allows === what);
  const findings: Finding<Id>[] = [
    ...seen.flatMap((one) => findingsOf(one, may(one.server, 'older versions'))),
    ...present(
      withoutTls.map(
        ({ server, declared }) =>
          !may(server, 'no TLS') && { message: 'withoutTls' as const, subject: server, data: { declared } },
      ),
    ),
    ...present(
      exemptions.map(
        ({ server, allows }) =>
          !isNeeded(gathered, server, allows) && {
            message: 'unmatchedExemption' as const,
            subject: server,
            data: { allows: allows === 'no TLS' ? 'do without TLS' : 'speak older versions' },
          },
      ),
    ),
  ];
  const evidence = evidenceOf(params, gathered);
  const [finding, ...others] = findings;
  const subjects = seen.map(({ server, address }) => `${server} (${address})`);
  if (finding) return { outcome: 'fail', findings: [finding, ...others], subjects, evidence };
  const lost = seen.filter(
    ({ older, after }) => older === null || (older.handshake !== 'completed' && !isRefusal(older, after)),
  );
  if (lost.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-positive-control',
      why: `${nameList(lost.map(({ server }) => server))}: older versions got no answer, and neither did TLS 1.3 on the same port afterwards: that is no refusal.`,
      evidence,
    };
  const [subject, ...otherSubjects] = subjects;
  if (subject === undefined)
    return { outcome: 'inconclusive', reason: 'no-subjects', why: 'No server with TLS is declared.', evidence };
  return { outcome: 'pass', subjects: [subject, ...otherSubjects], evidence };
}

/** A server that hangs up on old versions refuses them as well, if it still answers the new one. */
function isRefusal(older: Handshake, after: Handshake | null): boolean {
  return older.handshake !== 'completed' && after?.handshake === 'completed';
}

function findingsOf({ server, address, newest, older }: Seen, mayBeOlder: boolean): Finding<Id>[] {
  const subject = `${server} (${address})`;
  if (newest.handshake === 'none') return [{ message: 'noAnswer', subject, data: { why: newest.why } }];
  if (newest.handshake === 'refused') return [{ message: 'refused', subject, data: { why: newest.why } }];
  if (older?.handshake !== 'completed' || mayBeOlder) return [];
  return [{ message: 'speaksOlder', subject, data: { actual: older.protocol } }];
}

function isNeeded({ seen, withoutTls }: Gathered, server: string, allows: string): boolean {
  if (allows === 'no TLS') return withoutTls.some((one) => one.server === server);
  // One that does not answer now may need it all the same.
  return seen.some((one) => one.server === server && (one.older === null || one.older.handshake === 'completed'));
}

function evidenceOf({ exemptions }: Params, { seen, withoutTls }: Gathered): readonly [Evidence, ...Evidence[]] {
  const shown = (one: Handshake | null): string => {
    if (one === null) return 'not tried';
    return one.handshake === 'completed'
      ? `${one.protocol}, ${one.cipher}`
      : `${one.handshake === 'none' ? 'no answer' : 'refused'}: ${one.why}`;
  };
  const reason = (server: string): string | null => exemptions.find((one) => one.server === server)?.reason ?? null;
  return [
    table(
      'What each server answered',
      ['server', 'address', 'TLS 1.3 alone', 'TLS 1.0 to 1.2', 'TLS 1.3 again', 'exempt because'],
      [
        ...seen.map((one) => [
          one.server,
          one.address,
          shown(one.newest),
          shown(one.older),
          shown(one.after),
          reason(one.server),
        ]),
        ...withoutTls.map(({ server, declared }) => [server, declared, 'without TLS', null, null, reason(server)]),
      ],
    ),
  ];
}
