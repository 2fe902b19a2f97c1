import type { PortAnswer } from '../../contract/network.ts';
import { table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import { hostOf, openPorts, type Params, type Target } from './params.ts';

export const messages = {
  open: {
    says: '{subject}: answers{because}, expected no connection from where the gate runs.',
    fix: 'Close the port in the firewall. Limits on the port of a load balancer do not guard the node ports behind it.',
    also: ['port'],
  },
  closed: {
    says: '{subject}: does not answer ({why}), expected a connection.',
    fix: 'Open the port in the firewall, or start what listens there.',
    also: ['port'],
  },
} as const;
type Saying = Say<typeof messages>;

export interface NodePort {
  /** `Service shop/admin`. */
  readonly service: string;
  readonly port: number;
}
export interface PortSeen {
  /** Place of its target among the params. */
  readonly target: number;
  readonly address: string;
  readonly port: number;
  readonly want: 'open' | 'closed';
  /** The Service whose node port it is. */
  readonly service?: string;
  readonly answer: PortAnswer;
}
export interface Seen {
  readonly ports: readonly PortSeen[];
  /** Targets whose name says no address, by their place. */
  readonly unresolved: readonly { readonly target: number; readonly refusal: Refusal }[];
}

const family = (address: string): 'IPv4' | 'IPv6' => (address.includes(':') ? 'IPv6' : 'IPv4');

export function judge({ targets }: Params, { ports, unresolved }: Seen, say: Saying): void {
  for (const { target, refusal } of unresolved) say.refused(refusal, hostAt(targets, target));
  for (const seen of ports) judgePort(targets, seen, ports, say);
  say.show(
    table(
      'TCP connections',
      ['to', 'at', 'expected', 'saw', 'ms'],
      ports.map((one) => [subjectOf(targets, one), one.address, one.want, one.answer.state, one.answer.ms]),
    ),
  );
}

const hostAt = (targets: readonly Target[], index: number): string => {
  const target = targets[index];
  return target === undefined ? '' : hostOf(target);
};
/** `api.example.com:443`; the address besides where the name is another. */
function subjectOf(targets: readonly Target[], { target, address, port }: PortSeen): string {
  const host = hostAt(targets, target);
  const bracketed = (text: string): string => (text.includes(':') ? `[${text}]` : text);
  return `${bracketed(host)}:${port}${host === address ? '' : ` at ${address}`}`;
}

function judgePort(targets: readonly Target[], seen: PortSeen, all: readonly PortSeen[], say: Saying): void {
  const { port, want, answer, service } = seen;
  const subject = subjectOf(targets, seen);
  say.judged(subject);
  if (want === 'open') {
    // Where nothing at all is heard, whether the port is open is not for this place to say.
    if (answer.state === 'refused' || (answer.state === 'silent' && isHeard(seen.address, all)))
      say.fail('closed', subject, { why: answer.why, port });
    else if (answer.state === 'silent')
      say.unsure('no-positive-control', `${subject}: is silent (${answer.why}), as is everything at ${seen.address}.`, {
        subject,
      });
  } else if (answer.state === 'open')
    say.fail('open', subject, { because: service === undefined ? '' : ` (node port of ${service})`, port });
  // What is refused is closed, whoever refuses it; silence proves something only where others are heard.
  else if (answer.state === 'silent' && !hasControl(targets, seen, all))
    say.unsure(
      'no-positive-control',
      `${subject}: is silent (${answer.why}), and so is everything else there: that proves nothing.`,
      { subject },
    );
}

const isHeard = (address: string, all: readonly PortSeen[]): boolean =>
  all.some((other) => other.address === address && other.answer.state !== 'silent');

/** Another port of the same address that answers; for a host that has none by design, one of the target it names, of the same family. */
function hasControl(targets: readonly Target[], seen: PortSeen, all: readonly PortSeen[]): boolean {
  const target = targets[seen.target];
  const named = target !== undefined && openPorts(target).length === 0 ? target.control : undefined;
  const isControl = ({ address, target: index }: PortSeen): boolean =>
    address === seen.address ||
    (named !== undefined && hostAt(targets, index) === named && family(address) === family(seen.address));
  return all.some((other) => other.want === 'open' && other.answer.state === 'open' && isControl(other));
}
