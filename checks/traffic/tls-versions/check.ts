import type { PlaintextAnswer, TlsTarget } from '../../contract/network.ts';
import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import {
  judgePlaintext,
  placesWithTls,
  shake,
  takesPlaintext,
  tlsExemptions,
  tlsServers,
  tryPlaintext,
  withoutTls,
  type Handshake,
} from '../../protocols/tls-servers.ts';

interface Seen {
  readonly server: string;
  readonly address: string;
  /** Offered TLS 1.3 alone. */
  readonly newest: Handshake;
  /** Offered everything older, on the same port; null when TLS 1.3 did not work: then a refusal says nothing. */
  readonly older: Handshake | null;
  /** TLS 1.3 once more, after the refusal: the server was there all the time. */
  readonly after: Handshake | null;
  /** A session without TLS; only of databases and caches. */
  readonly plain?: PlaintextAnswer;
}

const ALLOWED = {
  'no TLS': 'do without TLS',
  'older versions': 'speak older versions',
  plaintext: 'take sessions without TLS',
} as const;

/** One that does not answer now may need it all the same. */
const MAY_NEED: Readonly<Record<'older versions' | 'plaintext', (one: Seen) => boolean>> = {
  'older versions': ({ older }) => older === null || older.handshake === 'completed',
  plaintext: ({ older, plain }) => older === null || (plain !== undefined && plain.plaintext !== 'refused'),
};

export const tlsVersions = kind('traffic/tls-versions', {
  title: 'Every declared server speaks TLS 1.3 and refuses what is older',
  why: 'One server that still takes an old version is where an attacker downgrades the connection.',
  sees: [
    'A handshake with TLS 1.3 alone, one that offers only older versions, and TLS 1.3 again, with each declared endpoint, database, cache and registry, at each of its addresses.',
    'A session without TLS on the same port of each database and cache, refused before a password was sent.',
  ],
  not: [
    'Which ciphers it would choose for other clients.',
    'Whether its certificate is good.',
    'IPv6 addresses, where the machine of the gate has none of its own.',
  ],
  needs: ['tls'],
  params: {
    ...tlsServers,
    exemptions: tlsExemptions(
      'Servers that may deviate, each with the reason why; one that is not needed is reported.',
      {
        allows: {
          type: 'string',
          enum: ['no TLS', 'older versions', 'plaintext'],
          description:
            'Declared without TLS, speaking older versions besides TLS 1.3, or taking sessions without TLS besides.',
        },
      },
      'allows',
    ),
  },
  messages: {
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
    takesPlaintext,
    unmatchedExemption: {
      says: '{subject}: may {allows}, which it does not do or which nobody declares; expected exemptions that are needed.',
      fix: 'Remove the exemption, or correct its name.',
    },
  },

  async gather(params, { tls }) {
    const offer = (target: TlsTarget, minVersion: 'TLSv1' | 'TLSv1.3', maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
      shake(tls, target, { minVersion, maxVersion });
    const seen: Seen[] = [];
    for (const { server, address, target, plain: plainTarget } of await placesWithTls(tls, params)) {
      const newest = await offer(target, 'TLSv1.3', 'TLSv1.3');
      const older = newest.handshake === 'completed' ? await offer(target, 'TLSv1', 'TLSv1.2') : null;
      const plain = plainTarget && newest.handshake === 'completed' ? await tryPlaintext(tls, plainTarget) : undefined;
      const isGone = older !== null && older.handshake !== 'completed';
      const after = isGone ? await offer(target, 'TLSv1.3', 'TLSv1.3') : null;
      seen.push({ server, address, newest, older, after, ...(plain && { plain }) });
    }
    return { seen, withoutTls: withoutTls(params) };
  },

  judge({ exemptions }, { seen, withoutTls }, say) {
    const exemption = (server: string, what: string) =>
      exemptions.find((one) => one.server === server && one.allows === what);
    for (const { server, address, newest, older, after, plain } of seen) {
      const subject = `${server} (${address})`;
      say.judged(subject);
      judgePlaintext(say, subject, plain, exemption(server, 'plaintext') !== undefined);
      if (newest.handshake === 'none') say.fail('noAnswer', subject, { why: newest.why });
      else if (newest.handshake === 'refused') say.fail('refused', subject, { why: newest.why });
      else if (older?.handshake === 'completed') {
        if (!exemption(server, 'older versions')) say.fail('speaksOlder', subject, { actual: older.protocol });
      }
      // A server that hangs up on old versions refuses them as well, if it still answers the new one.
      else if (older === null || after?.handshake !== 'completed')
        say.unsure(
          'no-positive-control',
          `${subject}: older versions got no answer, and neither did TLS 1.3 on the same port afterwards: that is no refusal.`,
          { subject },
        );
    }
    for (const { server, declared } of withoutTls)
      if (!exemption(server, 'no TLS')) say.fail('withoutTls', server, { declared });
    for (const { server, allows } of exemptions) {
      const isNeeded = (allows === 'no TLS' ? withoutTls : seen.filter(MAY_NEED[allows])).some(
        (one) => one.server === server,
      );
      if (!isNeeded) say.fail('unmatchedExemption', server, { allows: ALLOWED[allows] });
    }
    const reason = (server: string) => exemptions.find((one) => one.server === server)?.reason ?? null;
    say.show(
      table(
        'What each server answered',
        ['server', 'address', 'TLS 1.3 alone', 'TLS 1.0 to 1.2', 'TLS 1.3 again', 'without TLS', 'exempt because'],
        [
          ...seen.map(({ server, address, newest, older, after, plain }) => [
            server,
            address,
            ...[newest, older, after].map(shown),
            plain ? `${plain.plaintext}: ${plain.why}` : null,
            reason(server),
          ]),
          ...withoutTls.map(({ server, declared }) => [
            server,
            declared,
            'without TLS',
            null,
            null,
            null,
            reason(server),
          ]),
        ],
      ),
    );
  },
});

function shown(one: Handshake | null): string {
  if (one === null) return 'not tried';
  if (one.handshake === 'completed') return `${one.protocol}, ${one.cipher}`;
  return `${one.handshake === 'none' ? 'no answer' : 'refused'}: ${one.why}`;
}
