// Runs the official MCP conformance suite against a node that wants a token.
//
//   node conformance.mjs URL   env TOKEN, CLUSTER_SESSION
//
// The suite knows no tokens, so a proxy on loopback adds the two headers and keeps everything else, Host and Origin
// too. Prints {"scenario":…,"passed":…,"checks":[…]} for each scenario and exits non-zero when one fails.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const Scenarios = [
  'server-initialize',
  'ping',
  'tools-list',
  'server-sse-multiple-streams',
  'dns-rebinding-protection',
];
const ScenarioTimeout = 60_000;
const Modules = join(import.meta.dirname, 'node_modules');
// The suite needs Node 22, which comes from the npm package `node`.
const Node = join(Modules, '.bin', 'node');
const Suite = join(Modules, '@modelcontextprotocol', 'conformance', 'dist', 'index.js');

const { TOKEN, CLUSTER_SESSION } = process.env;
if (!process.argv[2] || !TOKEN || !CLUSTER_SESSION) {
  process.stderr.write('usage: TOKEN=… CLUSTER_SESSION=… node conformance.mjs URL\n');
  process.exit(2);
}

if (!execFileSync(Node, ['--version'], { encoding: 'utf8' }).startsWith('v22.')) {
  process.stderr.write('node_modules/.bin/node is not Node 22; run npm ci again.\n');
  process.exit(2);
}

const target = new URL(process.argv[2]);

const proxy = createServer((incoming, outgoing) => {
  const forwarded = request(
    {
      host: target.hostname.replace(/^\[|\]$/g, ''),
      port: target.port || 80,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, authorization: `Bearer ${TOKEN}`, 'cluster-session': CLUSTER_SESSION },
    },
    response => {
      outgoing.writeHead(response.statusCode, response.headers);
      // A silent stream must still show its headers.
      outgoing.flushHeaders();
      response.pipe(outgoing);
      response.on('error', () => outgoing.destroy());
    },
  );
  forwarded.on('error', () => {
    if (outgoing.headersSent) {
      outgoing.destroy();
    } else {
      outgoing.writeHead(502).end();
    }
  });
  outgoing.on('close', () => forwarded.destroy());
  incoming.pipe(forwarded);
});

function run(url, scenario, folder) {
  return new Promise(resolve => {
    const child = spawn(Node, [Suite, 'server', '--url', url, '--scenario', scenario, '--output-dir', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: ScenarioTimeout,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.on('data', text => (output += text));
    child.stderr.on('data', text => (output += text));
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
}

function checksIn(folder) {
  const [result] = readdirSync(folder);
  return result === undefined ? [] : JSON.parse(readFileSync(join(folder, result, 'checks.json'), 'utf8'));
}

async function check(url, scenario) {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  try {
    const { code, signal, output } = await run(url, scenario, folder);
    const checks = checksIn(folder).map(({ id, status, errorMessage }) => ({ id, status, errorMessage }));
    // The suite lets a warning pass; here it means that something was not tested.
    const passed =
      code === 0 && checks.length > 0 && checks.every(({ status }) => status === 'SUCCESS' || status === 'INFO');
    process.stdout.write(`${JSON.stringify({ scenario, passed, checks })}\n`);
    if (!passed) {
      process.stderr.write(`${scenario} failed (${signal ?? `exit ${code}`}):\n${output}\n`);
    }

    return passed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await new Promise(resolve => proxy.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${proxy.address().port}${target.pathname}`;
let failed = 0;
for (const scenario of Scenarios) {
  failed += (await check(url, scenario)) ? 0 : 1;
}

proxy.closeAllConnections();
proxy.close();
process.exitCode = failed === 0 ? 0 : 1;
