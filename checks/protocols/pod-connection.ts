/** Whether a pod gets a TCP connection to a Service, by curl in it. */
import type { PodExec } from '../contract/cluster.ts';
import { shortened } from '../kit/evidence.ts';
import { ObservationError } from '../kit/kind.ts';

/** What became of a connection. */
export interface Called {
  readonly saw: 'connected' | 'refused' | 'silent' | 'unclear';
  /** curl's words where it did not connect. */
  readonly why: string;
  readonly ms: number;
}

/** Does a connection come about? What is answered on it, if anything, does not matter: the port need not speak HTTP. */
export async function connectFrom(
  exec: PodExec,
  from: Parameters<PodExec['run']>[0],
  host: string,
  port: number,
  seconds: number,
): Promise<Called> {
  const url = `http://${host}:${port}/`;
  const command = ['curl', '-sS', '-o', '/dev/null', '-m', String(seconds), '-w', '%{time_connect}', url] as const;
  const { exitCode, stdout, stderr, ms } = await exec.run(from, command);
  const why = shortened(stderr.replace(/\s+/g, ' ').trim(), 150);
  // 126 and 127: the command could not be run (POSIX shell); 2: curl failed to start (its manual page).
  if (exitCode === 126 || exitCode === 127 || exitCode === 2)
    throw new ObservationError(
      'component-missing',
      `Pod ${from.namespace}/${from.pod}: curl could not be run: ${why}`,
      {
        detail: 'no-curl',
        fix: 'Name a container that has curl in the item, or add curl to the image.',
      },
    );
  return { saw: sawOf(exitCode, Number(stdout.trim())), why, ms: Math.round(ms) };
}

/** By curl's exit code and the seconds until the connection stood, 0 where it never did. */
function sawOf(exitCode: number, connectedAfter: number): Called['saw'] {
  if (exitCode === 7) return 'refused';
  if (exitCode === 0 || connectedAfter > 0) return 'connected';
  return exitCode === 28 ? 'silent' : 'unclear';
}
