/**
 * What a scan costs: 5,000 mixed documents against kube-score, where that is installed (`go install
 * github.com/zegl/kube-score/cmd/kube-score@v1.20.0`), and against reading them alone.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';
import { readObjects } from '../../k8s/semantics/objects/read.ts';
import { repositoryRoot } from '../harness/repository.ts';
import { pairedRatio, type Benchmark } from './measure.ts';

const DOCUMENTS = 5000;
const ROUNDS = 3;

export const scan: Benchmark = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'golive-scan-'));
  try {
    const text = Array.from({ length: DOCUMENTS }, (_, index) => documentOf(index)).join('---\n');
    const file = join(folder, 'objects.yaml');
    writeFileSync(file, text);
    const golive = join(repositoryRoot(), 'dist', 'golive.js');
    const scanned = (): number => cpuSeconds(process.execPath, [golive, 'scan', file, '--format', 'json']);
    const alone = await pairedRatio(
      ROUNDS,
      () => Promise.resolve(scanned()),
      () => Promise.resolve(cpuOf(() => readObjects(text, file))),
    );
    const detail = `${alone.a.toFixed(2)} s / ${alone.b.toFixed(2)} s`;
    const own = { name: 'CPU of golive scan over reading 5,000 documents', value: alone.ratio, target: null, detail };
    const kubeScore = findTool('kube-score') ?? goTool('kube-score');
    if (kubeScore === undefined) return [{ ...own, unit: '×' as const }];
    const { ratio, a, b } = await pairedRatio(
      ROUNDS,
      () => Promise.resolve(scanned()),
      () => Promise.resolve(cpuSeconds(kubeScore, ['score', '--output-format', 'json', file])),
    );
    const other = `${a.toFixed(2)} s / ${b.toFixed(2)} s`;
    return [
      { ...own, unit: '×' as const },
      { name: 'CPU of golive scan over kube-score', value: ratio, unit: '×' as const, target: 0.5, detail: other },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Where `go install` puts programs. */
function goTool(name: string): string | undefined {
  const path = join(process.env['GOPATH'] ?? join(homedir(), 'go'), 'bin', name);
  return spawnSync(path, ['version']).error === undefined ? path : undefined;
}

function cpuOf(work: () => unknown): number {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

/** User and system time of one program, as the shell that waited for it knows them. */
function cpuSeconds(program: string, args: readonly string[]): number {
  const run = spawnSync('sh', ['-c', '"$@" >/dev/null 2>&1; times', 'sh', program, ...args], { encoding: 'utf8' });
  const times = [...(run.stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

/** Deployments, Services, policies and RBAC in turn, as people write them. */
function documentOf(index: number): string {
  const [name, namespace] = [`app-${index}`, `team-${index % 50}`];
  const metadata = `metadata:\n  name: ${name}\n  namespace: ${namespace}\n  labels:\n    app: ${name}\n`;
  switch (index % 5) {
    case 0:
      return `apiVersion: apps/v1\nkind: Deployment\n${metadata}spec:
  replicas: 2
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      serviceAccountName: ${name}
      securityContext:
        runAsNonRoot: ${index % 3 === 0}
      containers:
        - name: web
          image: registry.example.com/${name}:1.2.3
          ports:
            - containerPort: 8080
          resources:
            requests: { cpu: 100m, memory: 128Mi }
            limits: { memory: 256Mi }
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
          readinessProbe:
            httpGet: { path: /health, port: 8080 }
          env:
            - name: LOG_LEVEL
              value: info
            - name: PASSWORD
              valueFrom: { secretKeyRef: { name: ${name}, key: password } }
`;
    case 1:
      return `apiVersion: v1\nkind: Service\n${metadata}spec:\n  selector:\n    app: app-${index - 1}\n  ports:\n    - port: 80\n      targetPort: 8080\n`;
    case 2:
      return `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n${metadata}spec:\n  podSelector:\n    matchLabels:\n      app: app-${index - 2}\n  policyTypes: [Ingress, Egress]\n  ingress:\n    - from:\n        - podSelector:\n            matchLabels:\n              app: app-${index + 3}\n      ports:\n        - port: 8080\n`;
    case 3:
      return `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n${metadata}rules:\n  - apiGroups: ['']\n    resources: [configmaps]\n    resourceNames: [${name}]\n    verbs: [get]\n`;
    default:
      return `apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n${metadata}subjects:\n  - kind: ServiceAccount\n    name: app-${index - 4}\n    namespace: ${namespace}\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: app-${index - 1}\n`;
  }
}
