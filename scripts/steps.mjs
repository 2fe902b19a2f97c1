/** For our own scripts: commands side by side, each with its output in one piece and how long it took. */
import { spawn } from 'node:child_process';

/** Runs commands of node_modules/.bin or node side by side; `[name, command, ...args]`. Answers the names of those that failed. */
export async function sideBySide(steps) {
  const results = await Promise.all(
    steps.map(async ([name, ...command]) => {
      const { code, output, seconds } = await captured(command);
      process.stdout.write(`${code === 0 ? 'ok ' : 'RED'} ${name} (${seconds} s)\n${code === 0 ? '' : output}`);
      return { name, code };
    }),
  );
  return results.filter(({ code }) => code !== 0).map(({ name }) => name);
}

/** Runs one command on our own terminal; answers its exit code. */
export function onTerminal([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', env: withBin() });
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Runs one command to its end; nothing is shown. */
export function captured([command, ...args]) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: withBin() });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const end = (code) => resolve({ code, output, seconds: Math.round((performance.now() - started) / 1000) });
    child.once('error', (error) => {
      output += `${error.message}\n`;
      end(127);
    });
    child.once('close', end);
  });
}

function withBin() {
  return { ...process.env, PATH: `${process.cwd()}/node_modules/.bin:${process.env.PATH}` };
}
