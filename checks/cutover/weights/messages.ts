/** What is said of a route that the cutover cannot move, or that somebody else moves. */
export const messages = {
  noRoute: {
    says: '{subject}: does not exist, expected the object that splits the traffic.',
    fix: 'Create the route, or correct namespace and name in params.route.',
  },
  notAsDeclared: {
    says: '{subject}: {what}; expected both releases in each rule that is moved, and no other that gets traffic.',
    fix: 'Correct the route, or params.route.',
  },
  notAccepted: {
    says: '{subject}: {why}; expected every gateway it names to accept it as it is now.',
    fix: 'See the status of the route and the log of the gateway’s controller.',
  },
  servedElsewhere: {
    says: '{subject}: rule {rule} sends requests to {service} by itself, which the cutover does not move; expected its rule {moved} alone to.',
    fix: 'Merge the rule into the one that is moved (a rule takes several matches), or take the Service out of it.',
  },
  untrue: {
    says: '{subject}: {what}; expected its weights to say who is served.',
    fix: 'Do this before the cutover. {how}.',
  },
  mirrored: {
    says: '{subject}: rule {rule} sends {service} a copy of each request, which no weight stops; expected users alone to be served by it.',
    fix: 'End the mirroring before the cutover: what is written twice is wrong, and copies hide in its error rate.',
  },
  trafficAlready: {
    says: '{subject}: weight {canary} of {whole} is with {service} already, expected 0 before the cutover.',
    fix: 'End the other release, or set the weight of the new one to 0 (golive rollback ends a cutover that was left).',
  },
  servesNobody: {
    says: '{subject}: the weights of both Services are 0, expected {service} to serve users.',
    fix: 'Set the weight of the release that serves users.',
  },
  nothingReady: {
    says: '{subject}: none of its {count} endpoints is ready, expected at least one.',
    fix: 'See why the pods are not ready, or correct the name of the Service in params.route.',
  },
  mayNot: {
    says: '{subject}: the gate may not {verb} {resource}{reason}; expected the right, as the cutover or its rollback would stop there.',
    fix: 'Grant it: golive plan --rbac prints the Role.',
  },
  refused: {
    says: '{subject}: the API server would refuse weights {stable} and {canary}: {why}',
    fix: 'Change what refuses them: a validation, a policy or a webhook.',
  },
  altered: {
    says: '{subject}: of weights {stable} and {canary} the API server would make {actual}, expected what was asked for.',
    fix: 'Find the webhook that changes the route, and exempt the gate from it.',
  },
  changedByAsking: {
    says: '{subject}: has weights {actual} since a dry run asked for them, expected nothing to change.',
    fix: 'Set the weights back, and find what carries dry runs out: the API server or a webhook.',
  },
  noDeployment: {
    says: '{subject}: does not exist, expected a Deployment to go back to.',
    fix: 'Correct params.deployments.',
  },
  notRolledOut: {
    says: '{subject}: {why}; expected a complete rollout, as this is what a rollback goes back to.',
    fix: 'Bring the Deployment to rest first (workloads/rollout says what is wrong).',
  },
  held: {
    says: '{subject}: {holder} holds it and renewed it {age} ago, expected nobody to.',
    fix: 'Wait until the other cutover has ended, or end it.',
  },
} as const;
