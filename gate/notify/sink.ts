/** Sends one event to one channel: tried again with growing pauses, no faster than a channel takes messages. Never throws. */
import type { Channel } from '../../checks/contract/notify.ts';
import { hideCredentials } from '../../checks/contract/credentials.ts';
import { errorText } from '../../checks/contract/text.ts';
import { deliver, type Means } from '../../checks/protocols/notify/deliver.ts';
import { GATE_KEY, sendEvent } from '../../checks/protocols/notify/pagerduty.ts';
import type { NotifyEvent } from './run-so-far.ts';

/** Pauses before each further attempt. */
export const BACKOFF_MS: readonly number[] = [1000, 4000, 15_000];
/** Slack and others take one message a second. */
const GAP_MS = 1000;

export interface Sent {
  readonly at: string;
  readonly event: string;
  readonly id: string;
  readonly channel: string;
  readonly state: string;
  readonly attempts: number;
  readonly detail: string;
}

/** A channel with its queue: events are sent one after the other. */
export class Sink {
  readonly #name: string;
  readonly #channel: Channel;
  readonly #means: Means;
  readonly #backoff: readonly number[];
  #queue: Promise<unknown> = Promise.resolve();

  constructor(name: string, channel: Channel, means: Means, backoff = BACKOFF_MS) {
    this.#name = name;
    this.#channel = channel;
    this.#means = means;
    this.#backoff = backoff;
  }

  /** Settles when it is sent, or given up. */
  send(event: NotifyEvent): Promise<Sent> {
    const sent = this.#queue.then(() => this.#send(event));
    this.#queue = sent.then(() => this.#means.wait(GAP_MS));
    return sent;
  }

  async #send(event: NotifyEvent): Promise<Sent> {
    for (let attempts = 1; ; attempts += 1) {
      const tried = await this.#try(event);
      const pauseMs = this.#backoff[attempts - 1];
      if (tried.final || pauseMs === undefined)
        return {
          at: new Date().toISOString(),
          event: event.event,
          id: event.id,
          channel: this.#name,
          state: tried.state,
          attempts,
          detail: tried.detail,
        };
      await this.#means.wait(pauseMs);
    }
  }

  /** A refusal is final: the same message is refused again. What could not be reached may be there later. */
  async #try(
    event: NotifyEvent,
  ): Promise<{ readonly final: boolean; readonly state: string; readonly detail: string }> {
    try {
      if (this.#channel.type === 'pagerduty') return await this.#page(event);
      const receipt = await deliver(this.#means, this.#channel, event, 0);
      // What is only not there yet was taken over: it is not sent twice.
      if (receipt.state === 'lost') return { final: true, state: 'accepted', detail: receipt.where };
      return { final: true, state: receipt.state, detail: receipt.state === 'refused' ? receipt.why : receipt.where };
    } catch (error) {
      return { final: false, state: 'failed', detail: hideCredentials(errorText(error)) };
    }
  }

  /** One incident for each run: opened by what is critical, resolved by a GO. */
  async #page(event: NotifyEvent) {
    if (this.#channel.type !== 'pagerduty') throw new Error('no pager');
    const key = pageKey(event.id);
    const action = event.event === 'go' ? 'resolve' : 'trigger';
    const refused = await sendEvent(
      this.#means.http,
      this.#channel,
      action,
      key,
      action === 'trigger' ? event : undefined,
    );
    return { final: true, state: refused === null ? 'accepted' : 'refused', detail: refused ?? `${action} ${key}` };
  }
}

/** Of the run: its name begins the id of each of its events. */
const pageKey = (id: string): string => `${GATE_KEY}${id.split('-').slice(0, 2).join('-')}`;
