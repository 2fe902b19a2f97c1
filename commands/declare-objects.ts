/** How the commands on Kubernetes objects are called; each is loaded when it is used. */
import { Option, type Command } from 'commander';
import type { ScanOptions } from './scan/scan.ts';

/** What the command line hands in. */
export interface Declaring {
  readonly command: (signature: string, description: string, examples: readonly string[], codes?: string) => Command;
  readonly selecting: (one: Command) => Command;
  readonly exitCodes: (own: Readonly<Record<number, string>>) => string;
  readonly finish: (code: number) => void;
}

const NAMESPACE = '-n, --namespace <name>';

export function declareObjectCommands({ command, selecting, exitCodes, finish }: Declaring): void {
  const onObjects = (one: Command, formats: readonly string[] = ['human', 'json']): Command =>
    selecting(one)
      .option('--live', "the objects of the environment's cluster instead of files")
      .addOption(new Option('--format <format>', 'how to print').choices(formats).default('human'));
  const answers = exitCodes({
    0: 'allowed, or every question was answered',
    1: 'denied',
    2: 'not judged',
    64: 'wrong use',
  });

  onObjects(
    command(
      'scan [path...]',
      'Judge Kubernetes objects: Pod Security, network policies, isolation, privileges.',
      [
        'golive scan k8s/manifests',
        'helm template chart | golive scan -',
        'golive scan k8s --kind workloads/pod-security --level baseline --pod-security-version v1.28',
        'golive scan k8s --format sarif > scan.sarif',
      ],
      exitCodes({ 0: 'clean', 1: 'findings', 2: 'something could not be judged, or nothing was', 64: 'wrong use' }),
    ),
    ['human', 'json', 'sarif', 'github'],
  )
    .option('--kind <kind...>', 'these kinds alone, as the catalogue names them')
    .addOption(
      new Option('--level <level>', 'of the Pod Security Standards')
        .choices(['baseline', 'restricted'])
        .default('restricted'),
    )
    .option('--pod-security-version <version>', 'of the Pod Security Standards: latest or v1.25', 'latest')
    .option('--waivers <file>', 'accepted findings: [{kind, id, subject, reason, approver, ticket, expiry}]')
    .action(async (paths: readonly string[], options: object) =>
      finish(await (await import('./scan/scan.ts')).scan(paths, options as ScanOptions)),
    );

  onObjects(
    command(
      'reach [path...]',
      'Say whether one pod may reach another, by NetworkPolicy and admin policies, and which rule decides.',
      [
        'golive reach k8s/manifests --from shop/web --to shop/db --port 5432/TCP',
        'golive reach --live --from 198.51.100.7 --to shop/svc/web --port 443',
        'golive reach k8s/manifests --matrix',
        'golive reach --live --matrix --format svg > matrix.svg',
        'golive reach objects.yaml --queries questions.jsonl',
      ],
      answers,
    ),
    ['human', 'json', 'svg'],
  )
    .option('--from <end>', 'NS/POD, NS/deploy/NAME, node:NAME, an address or a CIDR')
    .option('--to <end>', 'the same, or a Service: NS/NAME, NS/svc/NAME')
    .option('--port <port/protocol>', 'the port of the target: 8080 or 53/UDP')
    .option('--queries <file>', 'JSON lines {from, to, port, protocol}, - for standard input; answers in their order')
    .option('--matrix', 'everybody against every declared port')
    .option(NAMESPACE, 'the namespace of objects that name none (default)')
    .action(async (paths: readonly string[], options: object) =>
      finish(await (await import('./reach.ts')).reach(paths, options)),
    );

  onObjects(
    command(
      'can [path...]',
      'Say whether RBAC allows somebody something, and by which binding.',
      [
        'golive can k8s/manifests --as system:serviceaccount:shop:web get secrets -n shop',
        'golive can --live --as jane --as-group ops patch deployments.apps/scale web -n shop',
        'golive can rbac.yaml --queries questions.jsonl',
      ],
      answers,
    ),
  )
    .usage('[options] PATH… --as USER VERB RESOURCE[.GROUP][/SUB] [NAME]')
    .option('--as <user>', 'who; the groups that everybody has are added')
    .option(
      '--as-group <group>',
      'a group of theirs, may be repeated',
      (one: string, before: readonly string[] | undefined) => [...(before ?? []), one],
    )
    .option(
      '--queries <file>',
      'JSON lines {as, groups, verb, group, resource, …} or {as, verb, path}, - for standard input',
    )
    .option('--no-defaults', 'without the roles that every cluster starts with')
    .option(NAMESPACE, 'where it is asked for; without it cluster-wide')
    .action(async (words: readonly string[], options: object) =>
      finish(await (await import('./can.ts')).can(words, options)),
    );

  onObjects(
    command(
      'who-can [path...]',
      'Name everybody whom RBAC allows something, and the binding that does.',
      ['golive who-can k8s/manifests get secrets -n shop', 'golive who-can --live create pods/exec'],
      exitCodes({ 0: 'somebody may', 1: 'no binding grants it', 2: 'not judged', 64: 'wrong use' }),
    ),
  )
    .usage('[options] PATH… VERB RESOURCE[.GROUP][/SUB] [NAME]')
    .option('--no-defaults', 'without the roles that every cluster starts with')
    .option(NAMESPACE, 'in this namespace; without it in any')
    .action(async (words: readonly string[], options: object) =>
      finish(await (await import('./can.ts')).whoCanDo(words, options)),
    );
}
