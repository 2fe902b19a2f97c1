import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { DnsClient } from '../../contract/network.ts';
import { endpoint } from '../../contract/param-schemas.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { kind, ObservationError } from '../../kit/kind.ts';
import {
  addressesOf,
  balancerName,
  loadBalancer,
  mayGetBalancer,
  readBalancer,
} from '../../protocols/load-balancers.ts';

export const dnsRecords = kind('traffic/dns-records', {
  title: 'Public names resolve to the load balancer and nowhere else',
  why: 'A missing record keeps every user out; a stale one sends a part of them to a platform that is no longer there.',
  sees: [
    "A, AAAA and CNAME records of each name at the environment's DNS servers, held against the load balancer's addresses.",
    'That a made-up name does not resolve.',
  ],
  not: ["Other resolvers' caches, and how long they keep the old answer."],
  needs: ['cluster', 'dns'],
  required: ['endpoints'],
  rules: { anyOf: [{ required: ['addresses'] }, { required: ['loadBalancer'] }] },
  params: {
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
  messages: {
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
  },
  rights: ({ loadBalancer }) => (loadBalancer ? [mayGetBalancer(loadBalancer)] : []),

  async gather(params, { cluster, dns }) {
    const { loadBalancer: declared, domain } = params;
    const balancer = declared
      ? { name: balancerName(declared), addresses: addressesOf(declared.kind, await readBalancer(cluster, declared)) }
      : null;
    const expected = [...(params.addresses ?? []), ...(balancer?.addresses ?? [])];
    const answers = await askAll(dns, namesOf(params.endpoints, params.names));
    /** What the expected host names resolve to themselves. */
    const targets = await askAll(
      dns,
      expected.filter((one) => isIP(one) === 0),
    );
    refuseOtherDomain(
      domain,
      answers.map(({ name }) => name),
    );
    const madeUp = domain === undefined ? [] : [`golive-${randomUUID().slice(0, 8)}.${domain}`];
    const [unknown = null] = await askAll(dns, madeUp);
    return { where: dns.where, answers, balancer, targets, unknown };
  },

  judge({ addresses = [] }, { answers, balancer, targets, unknown, where }, say) {
    const declared = [...addresses, ...(balancer?.addresses ?? [])];
    const allowed = new Set([...declared, ...targets.flatMap((one) => one.addresses)].map(canonical));
    const expected = nameList(declared);
    const isLost = balancer?.addresses.length === 0;
    if (isLost) say.fail('noAddress', balancer.name);
    for (const { name, addresses } of answers) {
      const wrong = addresses.filter((address) => !allowed.has(canonical(address)));
      say.judged(name);
      // Without the address of the balancer nobody knows where they should lead.
      if (isLost) continue;
      if (addresses.length === 0) say.fail('unresolved', name, { where, expected });
      else if (wrong.length > 0) say.fail('elsewhere', name, { actual: nameList(wrong), expected });
    }
    const found = [...(unknown?.addresses ?? []), ...(unknown?.aliases ?? [])];
    if (unknown && found.length > 0)
      say.fail('wildcard', unknown.name.replace(/^golive-[^.]*/, '*'), { actual: nameList(found) });
    const row =
      (role: string) =>
      ({ name, addresses, aliases }: Answer) =>
        [name, role, addresses.join(', ') || 'none', aliases.join(', ') || 'none'] as const;
    say.show(
      table(
        `Records at ${where}`,
        ['name', 'what', 'A and AAAA', 'CNAME'],
        [
          ...answers.map(row('must lead to the load balancer')),
          ...targets.map(row('the load balancer itself')),
          ...(unknown ? [unknown] : []).map(row('made up, must not resolve')),
        ],
      ),
      { type: 'text', title: `Addresses of ${balancer?.name ?? 'the item'}`, text: declared.join(', ') || 'none' },
    );
  },
});

interface Answer {
  readonly name: string;
  /** A and AAAA together. */
  readonly addresses: readonly string[];
  readonly aliases: readonly string[];
}

async function askAll(dns: DnsClient, names: readonly string[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const name of names) {
    const addresses = [...(await dns.resolve(name, 'A')), ...(await dns.resolve(name, 'AAAA'))];
    answers.push({ name, addresses, aliases: await dns.resolve(name, 'CNAME') });
  }
  return answers;
}

/** That nothing resolves below a domain that no name is of says nothing. */
function refuseOtherDomain(domain: string | undefined, names: readonly string[]): void {
  if (domain === undefined) return;
  const plain = (name: string): string => `.${name.toLowerCase().replace(/\.$/, '')}`;
  if (names.some((name) => plain(name).endsWith(plain(domain)))) return;
  throw new ObservationError(
    'misconfigured',
    `None of the names (${nameList(names)}) is of the domain ${domain}, so it would not show their wildcard record.`,
    { fix: 'Correct domain in the item: the one that the endpoints are of.' },
  );
}

function namesOf(endpoints: readonly { readonly url: string }[], names: readonly string[]): string[] {
  const hosts = endpoints.map(({ url }) => new URL(url).hostname);
  const address = hosts.find((host) => isIP(host.replace(/[[\]]/g, '')) !== 0);
  if (address !== undefined)
    throw new ObservationError('misconfigured', `The endpoint ${address} is an address: it has no DNS record.`, {
      fix: 'Name the endpoint by its host name in the environment file, as users do.',
    });
  return [...new Set([...hosts, ...names])];
}

/** IPv6 has many spellings of one address. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname : address.toLowerCase();
}
