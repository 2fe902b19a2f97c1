/** Faults of how people are reached: channels, the pager, its schedules. */
import type { Fault } from './fault.ts';

export const peopleFaults: readonly Fault[] = [
  {
    name: 'messages-lost',
    title: 'Mail and webhook take messages over and lose them',
    inject: [{ lever: 'notified.lose' }],
  },
  {
    name: 'chat-webhook-revoked',
    title: 'The webhook of the chat was revoked',
    inject: [{ lever: 'notified.answer', with: { channel: 'chat', status: 404, body: 'no_service' } }],
  },
  {
    name: 'nobody-on-call',
    title: 'The on-call schedule has a hole of two hours',
    inject: [{ lever: 'pager.misbehave', with: { as: 'schedule-gap' } }],
  },
  {
    name: 'pager-never-escalates',
    title: 'The pager leaves every page with the first level',
    inject: [{ lever: 'pager.misbehave', with: { as: 'never-escalates' } }],
  },
  {
    name: 'pager-ignores-resolve',
    title: 'The pager takes resolving events over and drops them',
    inject: [{ lever: 'pager.misbehave', with: { as: 'ignores-resolve' } }],
  },
];
