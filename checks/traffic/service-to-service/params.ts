/** Which calls the item declares, and how each is made. */
import { kubernetesName, servicePort } from '../../contract/param-schemas.ts';
import type { ParamProperties, ParamsOf } from '../../kit/kind.ts';

export const params = {
  namespace: kubernetesName('Namespace of the Deployments that call.'),
  calls: {
    type: 'array',
    minItems: 1,
    description: 'Which Deployment calls which Service.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'to'],
      properties: {
        from: kubernetesName('Deployment whose pod calls.'),
        container: kubernetesName('Container of the pod that calls, when it has several.'),
        to: {
          type: 'object',
          additionalProperties: false,
          required: ['name', 'port'],
          description: 'The Service that is called; in the namespace of the caller unless it names another.',
          properties: servicePort,
        },
        path: { type: 'string', pattern: '^/', default: '/health', description: 'Path of the request.' },
        schema: { type: 'object', description: 'JSON Schema (2020-12) that the answer must meet. Absent: any.' },
        reachable: {
          type: 'boolean',
          default: true,
          description:
            'False: this caller must not get through. Somebody else must, and the caller must get through elsewhere.',
        },
      },
    },
  },
  timeoutSeconds: {
    type: 'integer',
    minimum: 1,
    maximum: 20,
    default: 5,
    description: 'Seconds after which curl gives a call up.',
  },
} as const satisfies ParamProperties;
export type Params = ParamsOf<typeof params, 'namespace' | 'calls'>;
export type Call = Params['calls'][number];

/** Address of the called Service, as pods of the namespace know it. */
export function addressOf({ namespace }: Params, { to, path }: Call): string {
  const host = to.namespace === undefined || to.namespace === namespace ? to.name : `${to.name}.${to.namespace}`;
  return `http://${host}:${to.port}${path}`;
}

/** curl reads the escape itself. */
const STATUS_LINE = '\\n%{http_code}';

/** -f: a 4xx or 5xx exits 22; -sS: no progress, but the error; -m: seconds for the whole call; -w: the status after the answer. */
export function commandOf(params: Params, call: Call): readonly [string, ...string[]] {
  return ['curl', '-fsS', '-m', String(params.timeoutSeconds), '-w', STATUS_LINE, addressOf(params, call)];
}
