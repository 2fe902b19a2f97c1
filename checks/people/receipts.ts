/** How kinds that send messages show and judge what became of them. */
import type { Channel } from '../contract/notify.ts';
import { formatMs } from '../contract/units.ts';
import { table } from '../kit/evidence.ts';
import { attempt, type Evidence, type Refusal, type Say } from '../kit/kind.ts';
import { deliver, type Means, type Receipt } from '../protocols/notify/deliver.ts';
import type { Message } from '../contract/notify.ts';
import { apiOf, incidentOf, sendEvent, type Pager } from '../protocols/notify/pagerduty.ts';

/** What became of a message on one channel. */
export interface Sent {
  readonly channel: string;
  readonly type: string;
  readonly receipt: Receipt | null;
  /** Why the channel could not be spoken to. */
  readonly refusal: Refusal | null;
}

export const messages = {
  refused: {
    says: '{subject}: refused the message ({why}), expected it to be delivered.',
    fix: 'Correct the channel in the environment file, or repair what it names.',
  },
  lost: {
    says: '{subject}: took the message over, and it had not arrived after {after}; expected it there within {within}.',
    fix: 'Follow the message through the logs of what takes it over: a filter, a queue or a wrong address holds it.',
  },
} as const;

/** Sends one message through one channel; a page is resolved again, whatever happens. */
export async function sendOn(
  means: Means,
  [name, channel]: readonly [string, Channel],
  message: Message,
  withinMs: number,
): Promise<Sent> {
  const { seen, refusal } = await attempt(async () => {
    try {
      return await deliver(means, channel, message, withinMs);
    } finally {
      if (channel.type === 'pagerduty') await closePage(means, channel, message.id);
    }
  });
  return { channel: name, type: channel.type, receipt: seen ?? null, refusal: refusal ?? null };
}

/** Resolves a page of ours; that it could not be resolved must not hide what was seen of it. */
async function closePage({ http }: Means, pager: Pager, id: string): Promise<void> {
  await attempt(async () => {
    if ((await incidentOf(http, apiOf(pager), id)) !== null) await sendEvent(http, pager, 'resolve', id);
  });
}

/** Judges each channel; what was taken over and cannot be read back is a doubt, never a pass. */
export function judgeSent(sent: readonly Sent[], withinMs: number, say: Say<typeof messages>): void {
  for (const { channel, type, receipt, refusal } of sent) {
    const subject = `Channel ${channel}`;
    if (refusal) say.refused(refusal, subject);
    if (!receipt) continue;
    say.judged(subject);
    if (receipt.state === 'refused') say.fail('refused', subject, { why: receipt.why });
    else if (receipt.state === 'lost')
      say.fail('lost', subject, { after: formatMs(receipt.ms), within: formatMs(withinMs) });
    else if (receipt.state === 'accepted')
      say.unsure(
        'unknown-value',
        `${subject}: the message was taken over (${type}), and nothing shows whether it arrived. Declare readback for it.`,
        { subject },
      );
  }
  say.show(receiptTable(sent));
}

const receiptTable = (sent: readonly Sent[]): Evidence =>
  table(
    'Receipts',
    ['channel', 'type', 'state', 'where', 'after'],
    sent.map(({ channel, type, receipt, refusal }) => [
      channel,
      type,
      receipt?.state ?? refusal?.code ?? '',
      receipt && 'where' in receipt ? receipt.where : '',
      receipt && 'ms' in receipt ? formatMs(receipt.ms) : '',
    ]),
  );
