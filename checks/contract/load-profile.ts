/**
 * A load profile: what users do, as data. Arrivals come at a rate, whatever the answers do; each walks through one flow, chosen by weight.
 * Golive's own engine, k6 and the k6-operator run the same profile.
 */
import type { ExpectedAnswer } from './expected-answer.ts';

/** One request of a flow. `${…}` in path, headers, json and body: a name that an earlier step took, `data.NAME.COLUMN`, or `arrival`. */
export interface ProfileStep {
  /** How figures name it; `METHOD path` when absent. */
  readonly name?: string;
  /** Name of an endpoint of the environment; the profile's when absent. */
  readonly target?: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string;
  /** With the token of the arrival's session. */
  readonly authenticated?: boolean;
  /** What the answer must be to count; `status` among 200 to 299. */
  readonly expect: ExpectedAnswer & { readonly status?: number };
  /** Values that later steps use: a name and the JSON pointer into the answer. */
  readonly take?: Readonly<Record<string, string>>;
  /** Pause before it, after the answer of the step before. */
  readonly think?: string;
}
export interface ProfileFlow {
  readonly name: string;
  /** Share among the flows' weights. */
  readonly weight: number;
  readonly steps: readonly [ProfileStep, ...ProfileStep[]];
}
/** The rate goes to `to` evenly over `for`; over `0s` at once: a spike. */
export interface ProfileStage {
  readonly for: string;
  readonly to: number;
}
export type ProfileRow = Readonly<Record<string, string | number | boolean>>;
/** Users log in before the load, each once; arrivals take their sessions in turn. */
export interface ProfileLogin {
  /** Name of a credential of the environment. */
  readonly credential: string;
  readonly target?: string;
  readonly path: string;
  readonly tokenField: string;
  readonly sessions: number;
}
export interface LoadProfile {
  readonly title: string;
  /** Endpoint of the environment where steps name none. */
  readonly target: string;
  readonly login?: ProfileLogin;
  /** Rows by name, from the profile or from a file beside it; arrivals take them in turn. */
  readonly data: Readonly<Record<string, readonly ProfileRow[]>>;
  readonly flows: readonly [ProfileFlow, ...ProfileFlow[]];
  /** Arrivals a second at the beginning. */
  readonly rate: number;
  /** Longer than a constant rate needs only where the rate changes; without stages it is held for `duration`. */
  readonly stages: readonly ProfileStage[];
  readonly duration: string;
  readonly warmup: string;
}
