/** Entry of the rehearsal's process: `node dist/rehearsal.js [--dir DIR] [--kept]`. Started by `fixtures/rehearsal-client/start.ts`. */
import './engine.ts';
import { startControlPlane } from './api-server/index.ts';
import { runRehearsal } from './rehearsal.ts';

process.exit(await runRehearsal(process.argv.slice(2), startControlPlane));
