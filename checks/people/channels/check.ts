import { channelsSchema } from '../../contract/notify-schemas.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { secretsIn } from '../../protocols/notify/deliver.ts';
import { drillMessage } from '../../protocols/notify/drill.ts';
import { judgeSent, messages, sendOn } from '../receipts.ts';

export const channels = kind('people/channels', {
  title: 'Test messages arrive on every channel',
  why: 'A channel that nobody has tried is found broken in the middle of an incident.',
  sees: [
    'A message marked as a drill, sent through each channel: posted by the chat itself, or read back at the far end.',
    'A page is opened, read back at the pager, and resolved again.',
  ],
  not: ['Whether a person has read it.'],
  needs: ['http', 'mail'],
  changes: 'notify',
  params: {
    channels: channelsSchema,
    within: duration('How long a message may take to arrive.', '60s'),
  },
  required: ['channels'],
  messages,
  rights: ({ channels: all }) => mayReadSecrets(secretsIn(all)),

  async gather(params, { http, mail }, context) {
    const means = { http, mail, now: context.now, wait: (ms: number) => context.wait(ms) };
    const text = `The go-live gate (${context.item}) tries whether its messages arrive here.`;
    return await Promise.all(
      Object.entries(params.channels).map((channel) =>
        sendOn(means, channel, drillMessage('message', text), durationMs(params.within)),
      ),
    );
  },
  judge: (params, sent, say) => judgeSent(sent, durationMs(params.within), say),
});
