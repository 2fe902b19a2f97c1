import { sha256Hex } from '../../contract/canonical.ts';
import { channelsSchema } from '../../contract/notify-schemas.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { isThere, secretsIn, type Means } from '../../protocols/notify/deliver.ts';
import { judgeSent, messages, sendOn, type Sent } from '../receipts.ts';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;

export const announcement = kind('people/announcement', {
  title: 'Those concerned have been told of the release',
  why: 'Support and customers who learn of a release by its effects take every effect for a fault.',
  sees: [
    'The message of this release on each channel: read back there, or posted by the chat itself. What is there already is not sent again.',
  ],
  not: ['Whether a person has read it.', 'Whether what it says is true: the phases before it are for that.'],
  needs: ['http', 'mail'],
  changes: 'notify',
  params: {
    channels: channelsSchema,
    release: text('The release, as it is named in the message: ${release.name} ${release.version}.'),
    environment: text('Where it is live: ${environment.name}.'),
    subject: text('Subject of the message.'),
    text: text('What it says.'),
    within: duration('How long a message may take to arrive.', '60s'),
  },
  required: ['channels', 'release', 'environment', 'subject', 'text'],
  messages,
  rights: ({ channels }) => mayReadSecrets(secretsIn(channels)),

  async gather(params, { http, mail }, context) {
    const means = { http, mail, now: context.now, wait: (ms: number) => context.wait(ms) };
    const { subject, text: body, release, environment } = params;
    // The same for each run of this release here: it is told once.
    const id = `golive-release-${sha256Hex(JSON.stringify([release, environment, subject, body])).slice(0, 16)}`;
    const message = { id, subject, text: `${body}\n${release} on ${environment}`, severity: 'info' } as const;
    return await Promise.all(
      Object.entries(params.channels).map(
        async (channel) =>
          (await wasSent(means, channel, id)) ?? (await sendOn(means, channel, message, durationMs(params.within))),
      ),
    );
  },
  judge: (params, sent, say) => judgeSent(sent, durationMs(params.within), say),
});

async function wasSent(means: Means, [name, channel]: Parameters<typeof sendOn>[1], id: string): Promise<Sent | null> {
  // Where it cannot be looked up, sending it says why.
  const there = await isThere(means, channel, id).catch(() => false);
  if (!there) return null;
  const receipt = { state: 'arrived', where: 'sent by an earlier run', ms: 0 } as const;
  return { channel: name, type: channel.type, receipt, refusal: null };
}
