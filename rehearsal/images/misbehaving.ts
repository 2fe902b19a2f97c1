/**
 * The lever `service.misbehave {app, colour?, as, …}`: tells the running processes of a service, and those that start meanwhile, how to
 * misbehave. Several at once add up.
 */
import type { ChildProcess } from 'node:child_process';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from '../levers.ts';
import { MISBEHAVIOURS, type Misbehaviour, type MisbehaviourMessage } from '../services/frame/misbehaviour.ts';

/** How long a process may take to confirm; one that does not is stopped or hangs, and hears it once it goes on. */
const CONFIRM_MS = 2000;
const FIGURES = ['ms', 'ratio', 'share', 'mb', 'everyMs'] as const;

export interface ServiceProcess {
  readonly app: string;
  readonly colour: string;
  readonly child: ChildProcess;
}
export interface ServiceProcesses {
  /** Adds a process that has started: it is told at once what is in force. It is forgotten when it ends. */
  add(process: ServiceProcess): Promise<void>;
}
interface Order {
  readonly app: string;
  /** Undefined: of both colours. */
  readonly colour: string | undefined;
  readonly misbehaviour: Misbehaviour;
}

/** The processes of the services; `apps` are the names that the lever takes. */
export function misbehavingProcesses(levers: Levers, apps: readonly string[]): ServiceProcesses {
  const running = new Set<ServiceProcess>();
  const orders = new Set<Order>();
  const concerns = (order: Order, { app, colour }: ServiceProcess): boolean =>
    order.app === app && (order.colour ?? colour) === colour;
  const tell = (process: ServiceProcess): Promise<void> =>
    send(
      process.child,
      [...orders].filter((order) => concerns(order, process)).map(({ misbehaviour }) => misbehaviour),
    );
  const tellThose = async (order: Order): Promise<void> => {
    await Promise.all([...running].filter((process) => concerns(order, process)).map(tell));
  };
  levers.add('service.misbehave', async (args): Promise<Release> => {
    const order = readOrder(args, apps);
    orders.add(order);
    await tellThose(order);
    return async () => {
      orders.delete(order);
      await tellThose(order);
    };
  });
  return {
    async add(process) {
      running.add(process);
      process.child.once('exit', () => running.delete(process));
      if ([...orders].some((order) => concerns(order, process))) await tell(process);
    },
  };
}

function readOrder(args: LeverArguments, apps: readonly string[]): Order {
  const { app, colour, as: name, path } = args;
  const known = MISBEHAVIOURS.find((one) => one === name);
  if (typeof app !== 'string' || !apps.includes(app)) throw new Error(`app must be one of ${apps.join(', ')}`);
  if (!known) throw new Error(`as must be one of ${MISBEHAVIOURS.join(', ')}`);
  if (colour !== undefined && colour !== 'blue' && colour !== 'green') throw new Error('colour must be blue or green');
  const figures = FIGURES.flatMap((figure) => {
    const value = args[figure];
    return typeof value === 'number' ? [[figure, value] as const] : [];
  });
  if (path !== undefined && typeof path !== 'string') throw new Error('path must be a text: how paths begin');
  const of = path === undefined ? {} : { path };
  return { app, colour, misbehaviour: { as: known, ...of, ...Object.fromEntries(figures) } };
}

/** Settles when the process has confirmed, has ended, or does not answer. */
function send(child: ChildProcess, misbehave: readonly Misbehaviour[]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      child.off('message', heard).off('exit', done);
      resolve();
    };
    const heard = (message: { readonly misbehaving?: unknown }): void => {
      if (message.misbehaving !== undefined) done();
    };
    const timer = setTimeout(done, CONFIRM_MS);
    child.on('message', heard).once('exit', done);
    const message: MisbehaviourMessage = { misbehave };
    if (!child.connected) done();
    else child.send(message, (failed) => failed && done());
  });
}
