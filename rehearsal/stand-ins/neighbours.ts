/**
 * Stand-ins for what runs beside the platform in a real cluster: the ingress controller and Prometheus as pods. Here both are processes outside
 * the embedded Kubernetes; their pods are there so that policies have somebody to name, and run a program that does nothing.
 */
import type { Manifest } from '../manifests.ts';
import type { PlatformContext } from '../platform-types.ts';
import type { ProcessImage } from '../control-plane-types.ts';
import { startTool } from '../tool-process.ts';

const IMAGE = 'registry.k8s.io/pause:3.10';
const NEIGHBOURS = [
  { namespace: 'ingress-nginx', name: 'ingress-nginx', port: { name: 'https', containerPort: 8443 } },
  { namespace: 'monitoring', name: 'prometheus', port: { name: 'web', containerPort: 9090 } },
] as const;

/** Their namespaces and pods. */
export function neighbourManifests(): readonly Manifest[] {
  return NEIGHBOURS.flatMap(({ namespace, name, port }) => [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${name}-0`, namespace, labels: { 'app.kubernetes.io/name': name } },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name,
            image: IMAGE,
            ports: [port],
            resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '10m', memory: '10Mi' } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    },
  ]);
}

/** Does nothing until it is stopped, as the image of that name. */
export function pauseImage(context: PlatformContext): ProcessImage {
  return {
    reference: IMAGE,
    start: () => {
      const tool = startTool(context, { program: 'sleep', args: ['infinity'], log: 'neighbours' });
      return Promise.resolve({ ...tool, ports: {} });
    },
    exec: (_container, _process, [program = '']) =>
      Promise.resolve({ exitCode: 126, stdout: '', stderr: `exec: "${program}": not found in this image\n` }),
  };
}
