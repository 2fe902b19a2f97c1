/** Services by Kubernetes' own rules. */
import { isIP } from 'node:net';
import { record, records, text, type ApiObject, type Json } from './object.ts';
import type { Problems } from './problems.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const NODE_PORTS = { from: 30_000, to: 32_767 };

export function validateService(object: ApiObject, existing: ApiObject | undefined, problems: Problems): void {
  const spec = record(object['spec']);
  const { type, clusterIP } = spec;
  const ports = records(spec['ports']);
  if (type !== 'ExternalName' && ports.length === 0 && clusterIP !== 'None') problems.required('spec.ports');
  problems.oneOf('spec.type', type, TYPES);
  problems.oneOf('spec.sessionAffinity', spec['sessionAffinity'], ['ClientIP', 'None']);
  for (const member of ['internalTrafficPolicy', 'externalTrafficPolicy'])
    if (spec[member] !== undefined) problems.oneOf(`spec.${member}`, spec[member], ['Cluster', 'Local']);
  validateAddress(spec, problems);
  problems.labels('spec.selector', spec['selector']);
  validatePorts(ports, type === 'ClusterIP', problems);
  if (existing) refuseOtherAddress(spec, record(existing['spec']), problems);
}

function validateAddress(spec: Json, problems: Problems): void {
  const { type, clusterIP } = spec;
  if (type === 'ExternalName') {
    if (text(spec['externalName']) === '') problems.required('spec.externalName');
    else problems.subdomain('spec.externalName', text(spec['externalName']).replace(/\.$/, ''));
  } else if (clusterIP === 'None' && (type === 'NodePort' || type === 'LoadBalancer')) {
    problems.invalid('spec.clusterIPs[0]', clusterIP, `may not be set to 'None' for ${type} services`);
  } else if (text(clusterIP) !== '' && clusterIP !== 'None' && isIP(text(clusterIP)) === 0) {
    problems.invalid('spec.clusterIPs[0]', clusterIP, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
  }
}

function refuseOtherAddress({ type, clusterIP }: Json, before: Json, problems: Problems): void {
  if (before['type'] === 'ExternalName' || type === 'ExternalName') return;
  if (text(before['clusterIP']) !== '' && clusterIP !== before['clusterIP'])
    problems.invalid('spec.clusterIPs[0]', clusterIP === undefined ? [] : [clusterIP], 'may not change once set');
}

function validatePorts(ports: ReturnType<typeof records>, isClusterIp: boolean, problems: Problems): void {
  for (const [index, port] of ports.entries()) {
    const field = `spec.ports[${index}]`;
    const { name, nodePort, targetPort } = port;
    if (ports.length > 1 && text(name) === '') problems.required(`${field}.name`);
    else if (text(name) !== '') problems.label(`${field}.name`, name);
    problems.port(`${field}.port`, port['port']);
    problems.oneOf(`${field}.protocol`, port['protocol'], ['SCTP', 'TCP', 'UDP']);
    if (targetPort !== undefined) problems.portReference(`${field}.targetPort`, targetPort);
    if (typeof nodePort !== 'number' || nodePort === 0) continue;
    if (isClusterIp) problems.forbidden(`${field}.nodePort`, "may not be used when `type` is 'ClusterIP'");
    else if (nodePort < NODE_PORTS.from || nodePort > NODE_PORTS.to)
      problems.invalid(
        `${field}.nodePort`,
        nodePort,
        `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.from}-${NODE_PORTS.to}`,
      );
  }
  problems.unique(
    ports.map(({ name }) => name),
    (index) => `spec.ports[${index}].name`,
  );
  const keys = ports.map(({ port, protocol = 'TCP' }) => `${text(protocol)}/${String(port)}`);
  problems.unique(keys, (index) => `spec.ports[${index}]`);
}
