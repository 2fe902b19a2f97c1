/** What the script for k6 reads: a load profile, ready to be sent. Written by golive beside the script; holds no credential. */
import type { LoadProfile, ProfileStep } from '../../contract/load-profile.ts';

/** A step with the code that holds its answers against their schema. */
export interface K6Step extends ProfileStep {
  /** A module as text: `module.exports` is a function that says yes or no. */
  readonly validator?: string;
}
export interface K6Profile extends Pick<LoadProfile, 'target' | 'data'> {
  readonly flows: readonly { readonly name: string; readonly weight: number; readonly steps: readonly K6Step[] }[];
  /** Base URL of each endpoint, without a slash at its end. */
  readonly urls: Readonly<Record<string, string>>;
  /** Addresses of hosts, as the environment's DNS gives them. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** The rate in arrivals in ten seconds: k6 takes whole numbers. */
  readonly startRate: number;
  readonly stages: readonly { readonly target: number; readonly duration: string }[];
  readonly users: number;
  readonly timeoutMs: number;
}

/** Of this many seconds are the rates that k6 is given. */
export const RATE_SECONDS = 10;
/** The script's own metrics: when its schedule began, and 2xx answers that were not as expected. */
export const K6_STARTED = 'golive_started';
export const K6_WRONG = 'golive_wrong';
/** Begins the script's last line: how many requests it sent. An output that ends before it is cut. */
export const K6_END = 'golive-requests ';
