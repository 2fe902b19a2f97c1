/**
 * Levers: the named ways in which a rehearsal can be broken, and repaired again. Each part of the platform adds its own while it
 * starts; faults (`faults/`) name them. Nothing outside the rehearsal can pull one.
 */
import type { LeverArguments } from '../fixtures/rehearsal-client/control-protocol.ts';

/** Puts everything back as it was. Settles when that is done, not when others have noticed. */
export type Release = () => Promise<void>;
export type Pull = (args: LeverArguments) => Promise<Release>;

export interface Levers {
  /** Adds a lever: `part.verb`, for example `redis.kill`, `gateway.certificate`. A name is added once. */
  add(name: string, pull: Pull): void;
  names(): readonly string[];
  /** Pulls a lever. Throws when there is none of that name, or when it could not be pulled (then nothing was changed). */
  pull(name: string, args?: LeverArguments): Promise<Release>;
}

export function createLevers(): Levers {
  const levers = new Map<string, Pull>();
  return {
    add(name, pull) {
      if (levers.has(name)) throw new Error(`lever ${name} exists already`);
      levers.set(name, pull);
    },
    names: () => [...levers.keys()].sort(),
    async pull(name, args = {}) {
      const lever = levers.get(name);
      if (!lever) throw new Error(`there is no lever ${name}; there are: ${[...levers.keys()].sort().join(', ')}`);
      return await lever(args);
    },
  };
}
