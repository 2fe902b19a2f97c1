/** The registry: every kind, one line each, sorted. `npm run new-check` adds the line. */
import { authorizationMatrix } from './access/authorization-matrix/check.ts';
import { encryptionAtRest } from './access/encryption-at-rest/check.ts';
import { meshMtls } from './access/mesh-mtls/check.ts';
import { minimalPrivileges } from './access/minimal-privileges/check.ts';
import { namespaceIsolation } from './access/namespace-isolation/check.ts';
import { networkPolicies } from './access/network-policies/check.ts';
import { policyEnforcement } from './access/policy-enforcement/check.ts';
import { referencedConfigMaps } from './access/referenced-config-maps/check.ts';
import { referencedSecrets } from './access/referenced-secrets/check.ts';
import { secretRotation } from './access/secret-rotation/check.ts';
import { businessMetrics } from './business/metrics/check.ts';
import { businessSatisfaction } from './business/satisfaction/check.ts';
import { networkPartition } from './chaos/network-partition/check.ts';
import { nodeDrain } from './chaos/node-drain/check.ts';
import { podDeletion } from './chaos/pod-deletion/check.ts';
import { manifestDrift } from './cluster/manifest-drift/check.ts';
import { manifestReview } from './cluster/manifest-review/check.ts';
import { rbacAuthorization } from './cluster/rbac-authorization/check.ts';
import { reachability } from './cluster/reachability/check.ts';
import { storageClasses } from './cluster/storage-classes/check.ts';
import { clusterVersion } from './cluster/version/check.ts';
import { cutoverChangeWindow } from './cutover/change-window/check.ts';
import { cutoverLogPatterns } from './cutover/log-patterns/check.ts';
import { cutoverOtherHands } from './cutover/other-hands/check.ts';
import { cutoverProgressiveDelivery } from './cutover/progressive-delivery/check.ts';
import { rollbackData } from './cutover/rollback-data/check.ts';
import { rollbackRecord } from './cutover/rollback-record/check.ts';
import { rollbackRehearsal } from './cutover/rollback-rehearsal/check.ts';
import { cutoverSplit } from './cutover/split/check.ts';
import { cutoverStep } from './cutover/step/check.ts';
import { cutoverTrigger } from './cutover/trigger/check.ts';
import { unreadyBackends } from './cutover/unready-backends/check.ts';
import { cutoverWatched } from './cutover/watched/check.ts';
import { cutoverWeights } from './cutover/weights/check.ts';
import { backup } from './data/backup/check.ts';
import { backupObjects } from './data/backup-objects/check.ts';
import { connectionPooling } from './data/connection-pooling/check.ts';
import { fileRoundTrip } from './data/file-round-trip/check.ts';
import { postgresRoundTrip } from './data/postgres-round-trip/check.ts';
import { postgresVersion } from './data/postgres-version/check.ts';
import { redisRoundTrip } from './data/redis-round-trip/check.ts';
import { redisVersion } from './data/redis-version/check.ts';
import { restoreDrill } from './data/restore-drill/check.ts';
import { serverReadiness } from './data/server-readiness/check.ts';
import { securityFailures } from './decision/security-failures/check.ts';
import { targetsMet } from './decision/targets-met/check.ts';
import { validationCount } from './decision/validation-count/check.ts';
import { apiDescription } from './documents/api-description/check.ts';
import { configurationChanges } from './documents/configuration-changes/check.ts';
import { platformGuide } from './documents/platform-guide/check.ts';
import { releaseNotes } from './documents/release-notes/check.ts';
import { runbook } from './documents/runbook/check.ts';
import { versions } from './documents/versions/check.ts';
import { arrivalRateRun } from './load/arrival-rate-run/check.ts';
import { closedModelRun } from './load/closed-model-run/check.ts';
import { loadErrorRate } from './load/error-rate/check.ts';
import { loadByK6 } from './load/k6/check.ts';
import { latencyPercentile } from './load/latency-percentile/check.ts';
import { resourceUse } from './load/resource-use/check.ts';
import { saturation } from './load/saturation/check.ts';
import { throughput } from './load/throughput/check.ts';
import { alertDelivery } from './observability/alert-delivery/check.ts';
import { alertRules } from './observability/alert-rules/check.ts';
import { alertmanagerRouting } from './observability/alertmanager-routing/check.ts';
import { dashboardQueries } from './observability/dashboard-queries/check.ts';
import { firingAlerts } from './observability/firing-alerts/check.ts';
import { grafana } from './observability/grafana/check.ts';
import { incidents } from './observability/incidents/check.ts';
import { logPatterns } from './observability/log-patterns/check.ts';
import { logStreams } from './observability/log-streams/check.ts';
import { prometheusTargets } from './observability/prometheus-targets/check.ts';
import { pushedMetrics } from './observability/pushed-metrics/check.ts';
import { requestCost } from './observability/request-cost/check.ts';
import { securityAlerts } from './observability/security-alerts/check.ts';
import { sloWindow } from './observability/slo-window/check.ts';
import { announcement } from './people/announcement/check.ts';
import { approval } from './people/approval/check.ts';
import { attestation } from './people/attestation/check.ts';
import { channels } from './people/channels/check.ts';
import { contacts } from './people/contacts/check.ts';
import { decisionTree } from './people/decision-tree/check.ts';
import { escalation } from './people/escalation/check.ts';
import { incidentDrill } from './people/incident-drill/check.ts';
import { incidentManagement } from './people/incident-management/check.ts';
import { onCall } from './people/on-call/check.ts';
import { signature } from './people/signature/check.ts';
import { playwrightSpec } from './playwright/spec/check.ts';
import { keyMetricsKind } from './post-deployment/key-metrics/check.ts';
import { logReview } from './post-deployment/log-review/check.ts';
import { metricStability } from './post-deployment/metric-stability/check.ts';
import { regularRuns } from './post-deployment/regular-runs/check.ts';
import { scaling } from './post-deployment/scaling/check.ts';
import { securityPosture } from './post-deployment/security-posture/check.ts';
import { sourceCredentials } from './source/credentials/check.ts';
import { dockerfiles } from './source/dockerfiles/check.ts';
import { featureFlags } from './source/feature-flags/check.ts';
import { migrations } from './source/migrations/check.ts';
import { overlays } from './source/overlays/check.ts';
import { testReports } from './source/test-reports/check.ts';
import { imageProvenance } from './supply-chain/image-provenance/check.ts';
import { imageReference } from './supply-chain/image-reference/check.ts';
import { imageSize } from './supply-chain/image-size/check.ts';
import { pushPermission } from './supply-chain/push-permission/check.ts';
import { pushedImages } from './supply-chain/pushed-images/check.ts';
import { registryAccess } from './supply-chain/registry-access/check.ts';
import { registryScans } from './supply-chain/registry-scans/check.ts';
import { runningScans } from './supply-chain/running-scans/check.ts';
import { vulnerabilities } from './supply-chain/vulnerabilities/check.ts';
import { authentication } from './traffic/authentication/check.ts';
import { authorization } from './traffic/authorization/check.ts';
import { dnsRecords } from './traffic/dns-records/check.ts';
import { httpEndpoint } from './traffic/http-endpoint/check.ts';
import { ingressSecurity } from './traffic/ingress-security/check.ts';
import { journey } from './traffic/journey/check.ts';
import { loadBalancerCheck } from './traffic/load-balancer/check.ts';
import { openPortsCheck } from './traffic/open-ports/check.ts';
import { serviceHealth } from './traffic/service-health/check.ts';
import { serviceToService } from './traffic/service-to-service/check.ts';
import { tlsCertificate } from './traffic/tls-certificate/check.ts';
import { tlsVersions } from './traffic/tls-versions/check.ts';
import { autoscaling } from './workloads/autoscaling/check.ts';
import { droppedCapabilities } from './workloads/dropped-capabilities/check.ts';
import { nonRoot } from './workloads/non-root/check.ts';
import { podSecurityStandard } from './workloads/pod-security/check.ts';
import { podSecurityAdmission } from './workloads/pod-security-admission/check.ts';
import { readOnlyRoot } from './workloads/read-only-root/check.ts';
import { restrictedSecurityContext } from './workloads/restricted-security-context/check.ts';
import { rollout } from './workloads/rollout/check.ts';
import type { CheckKind } from './kit/kind.ts';

const all: readonly CheckKind[] = [
  authorizationMatrix,
  encryptionAtRest,
  meshMtls,
  minimalPrivileges,
  namespaceIsolation,
  networkPolicies,
  policyEnforcement,
  referencedConfigMaps,
  referencedSecrets,
  secretRotation,
  businessMetrics,
  businessSatisfaction,
  networkPartition,
  nodeDrain,
  podDeletion,
  manifestDrift,
  manifestReview,
  rbacAuthorization,
  reachability,
  storageClasses,
  clusterVersion,
  cutoverChangeWindow,
  cutoverLogPatterns,
  cutoverOtherHands,
  cutoverProgressiveDelivery,
  rollbackData,
  rollbackRecord,
  rollbackRehearsal,
  cutoverSplit,
  cutoverStep,
  cutoverTrigger,
  unreadyBackends,
  cutoverWatched,
  cutoverWeights,
  backup,
  backupObjects,
  connectionPooling,
  fileRoundTrip,
  postgresRoundTrip,
  postgresVersion,
  redisRoundTrip,
  redisVersion,
  restoreDrill,
  serverReadiness,
  securityFailures,
  targetsMet,
  validationCount,
  apiDescription,
  configurationChanges,
  platformGuide,
  releaseNotes,
  runbook,
  versions,
  arrivalRateRun,
  closedModelRun,
  loadErrorRate,
  loadByK6,
  latencyPercentile,
  resourceUse,
  saturation,
  throughput,
  alertDelivery,
  alertRules,
  alertmanagerRouting,
  dashboardQueries,
  firingAlerts,
  grafana,
  incidents,
  logPatterns,
  logStreams,
  prometheusTargets,
  pushedMetrics,
  requestCost,
  securityAlerts,
  sloWindow,
  announcement,
  approval,
  attestation,
  channels,
  contacts,
  decisionTree,
  escalation,
  incidentDrill,
  incidentManagement,
  onCall,
  signature,
  playwrightSpec,
  keyMetricsKind,
  logReview,
  metricStability,
  regularRuns,
  scaling,
  securityPosture,
  sourceCredentials,
  dockerfiles,
  featureFlags,
  migrations,
  overlays,
  testReports,
  imageProvenance,
  imageReference,
  imageSize,
  pushPermission,
  pushedImages,
  registryAccess,
  registryScans,
  runningScans,
  vulnerabilities,
  authentication,
  authorization,
  dnsRecords,
  httpEndpoint,
  ingressSecurity,
  journey,
  loadBalancerCheck,
  openPortsCheck,
  serviceHealth,
  serviceToService,
  tlsCertificate,
  tlsVersions,
  autoscaling,
  droppedCapabilities,
  nonRoot,
  podSecurityStandard,
  podSecurityAdmission,
  readOnlyRoot,
  restrictedSecurityContext,
  rollout,
];

/** Kinds by name. */
export const kinds: ReadonlyMap<string, CheckKind> = new Map(all.map((kind) => [kind.meta.kind, kind]));
