/** Service proxies, seen from the rehearsal: opened for the addresses in a container's environment, kept with the pod, closed when it has ended. */
import type { ChildProcess } from 'node:child_process';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { at, listAt } from '../../checks/contract/json.ts';
import { SERVICES as SERVICE_TYPE } from '../../checks/protocols/kubernetes.ts';
import { spawnNode, stopChild } from '../child-process.ts';
import type { ContainerStart, ControlPlane } from '../control-plane-types.ts';
import type { PlatformContext } from '../platform-types.ts';
import type { ServiceAddresses } from '../service-addresses.ts';
import { NAMESPACE, SERVICES, STORES } from '../topology.ts';
import type { ProxyAnswer, ProxyOrder } from './service-proxy-messages.ts';
import type { Enforcement } from './enforcement.ts';
import { findAddresses, serviceKey, type ServicePort } from './service-names.ts';

export interface ServiceProxies extends ServiceAddresses {
  pid(): number | undefined;
  /** Service proxies that are open now. */
  count(): number;
  stop(): Promise<void>;
}

interface ServiceProxy {
  readonly id: string;
  readonly podUid: string;
  /** Whose it is: `namespace/name`. */
  readonly caller: string;
  readonly service: ServicePort;
  readonly port: Promise<number>;
  /** Once it is known. */
  known?: number;
  /** The pods it does not lead to, as last sent. */
  denied: string;
  settle(port: number | Error): void;
}

/** Starts the process of the service proxies; service proxies open as containers ask. Adds the lever `service-proxies.kill`. */
export async function openServiceAddresses(
  context: PlatformContext,
  planeSoon: Promise<ControlPlane>,
  enforcement: Enforcement,
): Promise<ServiceProxies> {
  const proxies = new Map<string, ServiceProxy>();
  const followed = new Map<string, { readonly end: () => void; ready: ProxyOrderEndpoints }>();
  const known = new Set(platformServices());
  let holder = await launch(context);
  listen();

  function listen(): void {
    holder.child.on('message', (answer: ProxyAnswer) => {
      if ('opened' in answer) proxies.get(answer.opened.id)?.settle(answer.opened.port);
      else if ('failed' in answer)
        proxies.get(answer.failed.id)?.settle(new Error(`a service proxy did not open: ${answer.failed.why}`));
    });
  }
  const send = (order: ProxyOrder): void => {
    if (holder.child.connected) holder.child.send(order, () => undefined);
  };
  const follow = (plane: ControlPlane, service: ServicePort): void => {
    const key = serviceKey(service);
    if (followed.has(key)) return;
    const entry: { end: () => void; ready: ProxyOrderEndpoints } = { end: () => undefined, ready: [] };
    followed.set(key, entry);
    entry.end = plane.watchBackends(service, (ready) => {
      entry.ready = ready;
      send({ endpoints: { service: key, ready } });
    });
  };
  /** Tells the process whom a service proxy does not lead to, where that has changed. */
  const enforce = (proxy: ServiceProxy): void => {
    const pods = enforcement.denied(proxy.caller, proxy.service);
    const text = pods.join(' ');
    if (text === proxy.denied) return;
    proxy.denied = text;
    send({ denied: { id: proxy.id, pods } });
  };
  enforcement.onChange(() => {
    for (const proxy of proxies.values()) enforce(proxy);
  });
  const doorOf = ({ podUid, namespace, pod }: ContainerStart, service: ServicePort): Promise<number> => {
    const id = `${podUid} ${serviceKey(service)}`;
    const standing = proxies.get(id);
    if (standing) return standing.port;
    let settle: ServiceProxy['settle'] = () => undefined;
    const port = new Promise<number>((resolve, reject) => {
      settle = (answer) => {
        if (typeof answer !== 'number') reject(answer);
        else {
          proxy.known = answer;
          resolve(answer);
        }
      };
    });
    const proxy: ServiceProxy = { id, podUid, caller: `${namespace}/${pod}`, service, port, settle, denied: '' };
    proxies.set(id, proxy);
    send({ open: { id, service: serviceKey(service) } });
    enforce(proxy);
    return port;
  };

  void planeSoon.then(
    (plane) =>
      plane.watchObjects(SERVICE_TYPE, (services) => {
        for (const service of services) for (const key of keysOf(service)) known.add(key);
      }),
    () => undefined,
  );
  context.levers.add('service-proxies.kill', async () => {
    holder.child.kill('SIGKILL');
    await holder.exited;
    return async () => {
      holder = await launch(context);
      listen();
      for (const [service, { ready }] of followed) send({ endpoints: { service, ready } });
      for (const proxy of proxies.values()) {
        const { id, service, known: port } = proxy;
        send({ open: { id, service: serviceKey(service), ...(port === undefined ? {} : { port }) } });
        proxy.denied = '';
        enforce(proxy);
      }
    };
  });

  return {
    async translate(container, value) {
      const found = findAddresses(value, container.namespace, (service) => known.has(serviceKey(service)));
      if (found.length === 0) return value;
      const plane = await planeSoon;
      const ports = await Promise.all(
        found.map((service) => {
          follow(plane, service);
          return doorOf(container, service);
        }),
      );
      let text = '';
      let from = 0;
      found.forEach(({ start, end }, index) => {
        text += `${value.slice(from, start)}127.0.0.1:${ports[index] ?? 0}`;
        from = end;
      });
      return text + value.slice(from);
    },
    release(podUid) {
      for (const proxy of proxies.values()) {
        if (proxy.podUid !== podUid) continue;
        proxies.delete(proxy.id);
        send({ close: { id: proxy.id } });
      }
    },
    pid: () => holder.child.pid,
    count: () => proxies.size,
    stop() {
      for (const { end } of followed.values()) end();
      return stopChild(holder.child, holder.exited, 'SIGTERM', 1000);
    },
  };
}

type ProxyOrderEndpoints = Extract<ProxyOrder, { endpoints: unknown }>['endpoints']['ready'];

/** The platform's own Services: a pod may start before the object of a Service it names is there. */
function platformServices(): string[] {
  const apps = Object.values(SERVICES).flatMap(({ app, service, port }) => [
    { name: service, port },
    { name: `${app}-green-service`, port },
  ]);
  const stores = Object.values(STORES).map(({ service, port }) => ({ name: service, port }));
  return [...apps, ...stores].map((one) => serviceKey({ namespace: NAMESPACE, ...one }));
}

function keysOf(service: KubeObject): string[] {
  const { namespace = '', name } = service.metadata;
  return listAt(service, 'spec', 'ports').map((port) =>
    serviceKey({ namespace, name, port: Number(at(port, 'port')) }),
  );
}

async function launch(
  context: PlatformContext,
): Promise<{ readonly child: ChildProcess; readonly exited: Promise<number> }> {
  const { child, exited } = spawnNode(context, { program: 'service-proxies.js', log: 'service-proxies' });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    void exited.then((code) => reject(new Error(`service proxies ended at once (exit code ${code}); see its log`)));
  });
  return { child, exited };
}
