/** Who started a run, and where: for the report. CI systems say it in their environment; otherwise it is the user of this machine. */
import { hostname, userInfo } from 'node:os';
import type { RunOrigin } from '../../../checks/contract/run.ts';
import { visibleLine } from '../../../checks/contract/visible-text.ts';

const ACTORS = [
  'GITHUB_ACTOR',
  'GITLAB_USER_LOGIN',
  'BUILD_REQUESTEDFOR',
  'BUILDKITE_BUILD_CREATOR',
  'CI_COMMIT_AUTHOR',
];
const JOBS = ['CI_JOB_URL', 'BUILDKITE_BUILD_URL', 'CIRCLE_BUILD_URL', 'BUILD_URL'];
const COMMITS = ['GITHUB_SHA', 'CI_COMMIT_SHA', 'BUILDKITE_COMMIT', 'CIRCLE_SHA1', 'GIT_COMMIT', 'BUILD_SOURCEVERSION'];
const LIMIT = 200;

export function originOf(env: NodeJS.ProcessEnv): RunOrigin {
  const first = (names: readonly string[]): string | undefined => names.map((name) => env[name]).find(Boolean);
  const ci = link(githubJob(env) ?? first(JOBS));
  const commit = first(COMMITS);
  return {
    actor: visibleLine(first(ACTORS) ?? localUser()).slice(0, LIMIT),
    ...(ci === null ? {} : { ci }),
    ...(commit !== undefined && /^[0-9a-f]{40}$/.test(commit) ? { commit } : {}),
  };
}

function githubJob(env: NodeJS.ProcessEnv): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  return server && repository && run ? `${server}/${repository}/actions/runs/${run}` : undefined;
}

/** Only an address that a browser opens as a page, without the credentials that it may hold. */
function link(text: string | undefined): string | null {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.username = url.password = '';
  return url.href.slice(0, 1000);
}

function localUser(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container's user need not have a name.
    return `somebody@${hostname()}`;
  }
}
