/** Commands executed in the stores' containers: the machine's own client programs, as if they ran beside the server. */
import { spawn } from 'node:child_process';
import { findTool, toolEnvironment } from '../../fixtures/rehearsal-client/tools.ts';

export interface ExecAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
/** What a container runtime answers for a program that the image does not have. */
const NOT_FOUND_EXIT = 127;
const EXEC_LIMIT_MS = 30_000;

export function notInImage(program: string): ExecAnswer {
  const stderr = `exec: "${program}": executable file not found in $PATH\n`;
  return { exitCode: NOT_FOUND_EXIT, stdout: '', stderr };
}

/** Runs a program of this machine with only these variables besides a search path. */
export function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ExecAnswer> {
  const tool = findTool(program);
  if (tool === undefined) {
    const stderr = `${program} is not installed on this machine: run \`npm run setup\`\n`;
    return Promise.resolve({ exitCode: NOT_FOUND_EXIT, stdout: '', stderr });
  }
  return new Promise((resolve) => {
    const child = spawn(tool, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...toolEnvironment(), HOME: '/nonexistent', ...env },
      timeout: EXEC_LIMIT_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', (cause) => resolve({ exitCode: 126, stdout, stderr: `${cause.message}\n` }));
    child.once('close', (code) => resolve({ exitCode: code ?? 137, stdout, stderr }));
  });
}

/** Inside the container a server has its own port: arguments that name it mean the real one. */
export function withRealPort(
  args: readonly string[],
  containerPort: number,
  realPort: number,
  option: RegExp = /^(-p|--port)$/,
): string[] {
  return args.map((arg, index) => {
    if (arg === String(containerPort) && option.test(args[index - 1] ?? '')) return String(realPort);
    const joined = /^(-p|--port=)(\d+)$/.exec(arg);
    return joined?.[2] === String(containerPort) ? `${joined[1] ?? ''}${realPort}` : arg;
  });
}
