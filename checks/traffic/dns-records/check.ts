import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { DnsClient } from '../../contract/network.ts';
import { endpoint } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import {
  addressesOf,
  balancerName,
  loadBalancer,
  mayGetBalancer,
  readBalancer,
} from '../../protocols/load-balancers.ts';

const messages = {
  unresolved: {
    says: '{subject}: has neither A nor AAAA record ({where}), expected {expected}.',
    fix: 'Create the record, or wait until the zone has been published.',
  },
  elsewhere: {
    says: '{subject}: resolves to {actual}, expected only {expected}.',
    fix: 'Point the record to the load balancer; a record that is left over from another platform takes part of the users there.',
  },
  noAddress: {
    says: '{subject}: has no address that a record could point to, expected at least one.',
    fix: 'Find out why it got none: its controller, the quota of addresses, its events.',
  },
  wildcard: {
    says: '{subject}: a name nobody has declared resolves to {actual}, expected no record.',
    fix: 'Remove the wildcard record: with it no misspelt and no forgotten name is ever noticed.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoints'],
  anyOf: [{ required: ['addresses'] }, { required: ['loadBalancer'] }],
  properties: {
    endpoints: {
      type: 'array',
      minItems: 1,
      items: endpoint,
      description: 'Endpoints whose host names must resolve, from the environment file: ${environment.endpoints.NAME}.',
    },
    names: {
      type: 'array',
      uniqueItems: true,
      default: [],
      items: { type: 'string', minLength: 1, description: 'A host name.' },
      description: 'More names that must resolve to the same place.',
    },
    addresses: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, description: 'An IP address or the host name of a load balancer.' },
      description: 'Where the names must lead.',
    },
    loadBalancer: {
      ...loadBalancer,
      description: 'The object whose status says where the names must lead; with addresses, both are allowed.',
    },
    domain: {
      type: 'string',
      minLength: 1,
      description: 'A made-up name below this domain must not resolve: there is no wildcard record.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Answer {
  readonly name: string;
  /** A and AAAA together. */
  readonly addresses: readonly string[];
  readonly aliases: readonly string[];
}
interface Gathered {
  /** The DNS servers asked. */
  readonly where: string;
  readonly answers: readonly Answer[];
  /** Of the load balancer's status; null where none is declared. */
  readonly balancer: { readonly name: string; readonly addresses: readonly string[] } | null;
  /** What the expected host names resolve to themselves. */
  readonly targets: readonly Answer[];
  /** The made-up name; null where no domain is declared. */
  readonly unknown: Answer | null;
}

export const dnsRecords = defineCheck({
  meta: {
    kind: 'traffic/dns-records',
    title: 'Public names resolve to the load balancer and nowhere else',
    why: 'A missing record keeps every user out; a stale one sends a part of them to a platform that is no longer there.',
    sees: "A, AAAA and CNAME records of each name at the environment's DNS servers, held against the load balancer's addresses, and that a made-up name does not resolve. Not: other resolvers' caches, and how long they keep the old answer.",
    needs: ['cluster', 'dns'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ loadBalancer }: Params) => (loadBalancer ? [mayGetBalancer(loadBalancer)] : []),
  gather,
  judge,
});

async function gather(params: Params, { cluster, dns }: Pick<Capabilities, 'cluster' | 'dns'>): Promise<Gathered> {
  const balancer = params.loadBalancer
    ? {
        name: balancerName(params.loadBalancer),
        addresses: addressesOf(params.loadBalancer.kind, await readBalancer(cluster, params.loadBalancer)),
      }
    : null;
  const expected = [...(params.addresses ?? []), ...(balancer?.addresses ?? [])];
  const answers: Answer[] = [];
  for (const name of namesOf(params)) answers.push(await ask(dns, name));
  const targets: Answer[] = [];
  for (const name of expected.filter((one) => isIP(one) === 0)) targets.push(await ask(dns, name));
  refuseOtherDomain(params, answers);
  const madeUp = params.domain === undefined ? null : `golive-${randomUUID().slice(0, 8)}.${params.domain}`;
  return {
    where: dns.where,
    answers,
    balancer,
    targets,
    unknown: madeUp === null ? null : await ask(dns, madeUp),
  };
}

/** That nothing resolves below a domain that no name is of says nothing. */
function refuseOtherDomain({ domain }: Params, answers: readonly Answer[]): void {
  if (domain === undefined) return;
  const own = domain.toLowerCase().replace(/\.$/, '');
  if (answers.some(({ name }) => `.${name.toLowerCase().replace(/\.$/, '')}`.endsWith(`.${own}`))) return;
  throw new ObservationError(
    'misconfigured',
    `None of the names (${nameList(answers.map(({ name }) => name))}) is of the domain ${domain}, so it would not show their wildcard record.`,
    { fix: 'Correct domain in the item: the one that the endpoints are of.' },
  );
}

function namesOf({ endpoints, names }: Params): string[] {
  const hosts = endpoints.map(({ url }) => new URL(url).hostname);
  const address = hosts.find((host) => isIP(host.replace(/[[\]]/g, '')) !== 0);
  if (address !== undefined)
    throw new ObservationError('misconfigured', `The endpoint ${address} is an address: it has no DNS record.`, {
      fix: 'Name the endpoint by its host name in the environment file, as users do.',
    });
  return [...new Set([...hosts, ...names])];
}

async function ask(dns: DnsClient, name: string): Promise<Answer> {
  const [four, six, aliases] = [
    await dns.resolve(name, 'A'),
    await dns.resolve(name, 'AAAA'),
    await dns.resolve(name, 'CNAME'),
  ];
  return { name, addresses: [...four, ...six], aliases };
}

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { answers, balancer, targets, unknown, where } = gathered;
  const evidence = evidenceOf(gathered);
  const subjects = answers.map(({ name }) => name);
  if (balancer?.addresses.length === 0)
    return judged([{ message: 'noAddress', subject: balancer.name }], subjects, evidence, '');
  const declared = [...(params.addresses ?? []), ...(balancer?.addresses ?? [])];
  const allowed = new Set([...declared, ...targets.flatMap(({ addresses }) => addresses)].map(canonical));
  const expected = nameList(declared);
  const findings: Finding<Id>[] = present([
    ...answers.map(({ name, addresses }): Finding<Id> | false => {
      if (addresses.length === 0) return { message: 'unresolved', subject: name, data: { where, expected } };
      const wrong = addresses.filter((address) => !allowed.has(canonical(address)));
      return wrong.length > 0 && { message: 'elsewhere', subject: name, data: { actual: nameList(wrong), expected } };
    }),
    unknown !== null &&
      (unknown.addresses.length > 0 || unknown.aliases.length > 0) && {
        message: 'wildcard' as const,
        subject: unknown.name.replace(/^golive-[^.]*/, '*'),
        data: { actual: nameList([...unknown.addresses, ...unknown.aliases]) },
      },
  ]);
  return judged(findings, subjects, evidence, 'No name was asked for.');
}

/** IPv6 has many spellings of one address. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname : address.toLowerCase();
}

function evidenceOf({ where, answers, balancer, targets, unknown }: Gathered): readonly [Evidence, ...Evidence[]] {
  const row =
    (role: string) =>
    ({ name, addresses, aliases }: Answer) =>
      [name, role, addresses.join(', ') || 'none', aliases.join(', ') || 'none'] as const;
  return [
    table(
      `Records at ${where}`,
      ['name', 'what', 'A and AAAA', 'CNAME'],
      [
        ...answers.map(row('must lead to the load balancer')),
        ...targets.map(row('the load balancer itself')),
        ...(unknown ? [unknown].map(row('made up, must not resolve')) : []),
      ],
    ),
    ...(balancer
      ? [
          {
            type: 'text' as const,
            title: `Addresses of ${balancer.name}`,
            text: balancer.addresses.join(', ') || 'none',
          },
        ]
      : []),
  ];
}
