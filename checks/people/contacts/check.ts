import { contactsSchema } from '../../contract/notify-schemas.ts';
import type { Contact, ReadIncident } from '../../contract/notify.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type Say } from '../../kit/kind.ts';
import { readCalls, type Calls } from './calls.ts';

const messages = {
  notReached: {
    says: '{subject}: was never reached by a drill or a call ({why}), expected a receipt within {maxAge}.',
    fix: 'Run golive incident --drill; where no channel reaches this contact, call {phone} and write the call down.',
  },
  old: {
    says: '{subject}: was reached last {age} ago, expected {maxAge} at most.',
    fix: 'Run golive incident --drill again, or call {phone} and write the call down.',
  },
  lastFailed: {
    says: '{subject}: the message of the latest drill was {state} ({detail}), expected a receipt.',
    fix: 'Repair the channel of this contact, then run golive incident --drill again.',
  },
  notSigned: {
    says: '{subject}: {why}, expected the signature of whoever made the calls; none of them counts.',
    fix: 'Sign it: ssh-keygen -Y sign -n golive-signoff -f KEY {file}, with a key that allowed_signers allows.',
  },
  samePhone: {
    says: '{subject}: has the phone number of {other}, expected one of its own.',
    fix: 'Correct the number in the environment file.',
  },
} as const;

interface Seen extends Calls {
  readonly incidents: readonly ReadIncident[];
}

export const contacts = kind('people/contacts', {
  title: 'Every emergency contact has been reached',
  why: 'Numbers change with people: one that is tried for the first time in an emergency is often wrong.',
  sees: [
    'For each contact a receipt in a signed record of golive incident --drill, or a call that somebody wrote down and signed, and when that was.',
    'No two contacts share a phone number.',
  ],
  not: ['Whether the phone number of a contact that a channel reaches is right.'],
  needs: ['incidents', 'files'],
  params: {
    contacts: contactsSchema,
    calls: {
      type: 'string',
      minLength: 1,
      description:
        'YAML file of calls that were made, a list of {contact, by, at}, with its SSH signature beside it (.sig).',
    },
    allowedSigners: {
      type: 'string',
      minLength: 1,
      description:
        'Who may sign the calls: the file allowed_signers beside the checklist, and revoked_signers beside it.',
    },
    maxAge: duration('How long ago it may be.', '90d'),
  },
  required: ['contacts'],
  rules: { if: { required: ['calls'] }, then: { required: ['allowedSigners'] } },
  messages,

  async gather({ calls, allowedSigners = '' }, { incidents, files }, { now }): Promise<Seen> {
    const made = calls === undefined ? { calls: [] } : await readCalls(files, calls, allowedSigners, now);
    return { incidents: await incidents.list(), ...made };
  },

  judge({ contacts: all, ...params }, seen, say, now) {
    const maxAge = durationMs(params.maxAge);
    const file = params.calls ?? '';
    if (seen.refused !== undefined && seen.calls.length > 0)
      say.fail('notSigned', `File ${file}`, { why: seen.refused, file });
    const rows = all.map((contact, index) => {
      const reached = lastReached(contact, seen);
      judgeContact(contact, reached, { maxAge, now }, say);
      const twin = all.slice(0, index).find(({ phone }) => digits(phone) === digits(contact.phone));
      if (twin) say.fail('samePhone', nameOf(contact), { other: twin.name });
      return [contact.name, contact.role, contact.channel ?? 'by phone', reached.how, reached.at ?? 'never'];
    });
    say.show(table('Contacts', ['contact', 'role', 'channel', 'reached by', 'at'], rows));
  },
});

const digits = (phone: string): string => phone.replace(/\D/g, '');
const nameOf = ({ name, role }: Contact): string => `Contact ${name} (${role})`;

interface Reached {
  readonly how: string;
  /** RFC 3339; null: never. */
  readonly at: string | null;
  /** The latest drill's word, where it did not reach the contact. */
  readonly failed?: { readonly state: string; readonly detail: string };
  /** Records that nobody vouches for. */
  readonly refused?: string;
}

function lastReached(contact: Contact, { incidents, calls, refused: unsigned }: Seen): Reached {
  const steps = incidents.flatMap(({ record, refused }) =>
    record.steps
      .filter(({ step, on }) => step === 'contact' && on === contact.name)
      .map((one) => ({ ...one, refused })),
  );
  const last = steps.at(-1);
  const call = (unsigned === undefined ? calls : []).findLast(
    (one) => one.contact === contact.name && !Number.isNaN(Date.parse(one.at)),
  );
  const called = call ? { how: `call by ${call.by}`, at: call.at } : null;
  if (!last || (called && Date.parse(called.at) > Date.parse(last.at))) return called ?? { how: '', at: null };
  const { state, detail, refused } = last;
  const isSeen = state === 'arrived' || state === 'posted';
  return {
    how: 'drill',
    at: last.at,
    ...(isSeen ? {} : { failed: { state, detail } }),
    ...(refused === undefined ? {} : { refused }),
  };
}

function judgeContact(
  contact: Contact,
  { at: time, failed, refused }: Reached,
  { maxAge, now }: { readonly maxAge: number; readonly now: Date },
  say: Say<typeof messages>,
): void {
  const subject = nameOf(contact);
  const { phone } = contact;
  say.judged(subject);
  if (time === null) {
    const why = contact.channel === undefined ? 'no channel, no call' : 'no receipt';
    return say.fail('notReached', subject, { why, maxAge: formatMs(maxAge), phone });
  }
  if (failed) return say.fail('lastFailed', subject, failed);
  const age = now.getTime() - Date.parse(time);
  if (age > maxAge) return say.fail('old', subject, { age: formatMs(age), maxAge: formatMs(maxAge), phone });
  if (refused !== undefined)
    say.unsure('no-positive-control', `${subject}: the record of the drill ${refused}; nobody vouches for it.`, {
      subject,
    });
}
