// A scripted MCP client on the official TypeScript SDK, driven by a test over JSON lines.
//
//   node client.mjs http URL              env TOKEN, CLUSTER_SESSION
//   node client.mjs stdio COMMAND [ARG…]  the whole environment is handed on
//
// stdout, one JSON object a line, by "type":
//   connected, notification, ping, stream, tools, result, error, closed
// stdin, one JSON object a line, by "do":
//   {"do":"tools"}
//   {"do":"call","id":"x","name":"reply","arguments":{…}}
//   {"do":"notify","method":"…","params":{…}}
//   {"do":"close"}
//
// It ends on "close" or when stdin ends, never because a connection was lost.

import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const emit = line => process.stdout.write(`${JSON.stringify(line)}\n`);

const describe = (error, more = {}) => ({
  type: 'error',
  ...more,
  message: error?.message ?? String(error),
  ...(error?.code === undefined ? {} : { code: error.code }),
  ...(error?.cause?.code === undefined ? {} : { cause: error.cause.code }),
});

// Like Claude Code: again after 1 s, then at growing intervals. Unlike it, never give up.
const reconnectionOptions = {
  initialReconnectionDelay: 1000,
  reconnectionDelayGrowFactor: 2,
  maxReconnectionDelay: 4000,
  maxRetries: Number.POSITIVE_INFINITY,
};

// The SDK opens the first GET only once; if the node dies right then, it would stay connected but deaf.
function patientFetch() {
  let opened = false;

  const attempt = async (url, init) => {
    const response = await fetch(url, init);
    if (init?.method === 'GET') {
      emit({ type: 'stream', status: response.status, lastEventId: init.headers.get('last-event-id') });
    }

    return response;
  };

  return async (url, init) => {
    while (init?.method === 'GET' && !opened) {
      try {
        const response = await attempt(url, init);
        if (response.status < 500) {
          opened = true;
          return response;
        }

        await response.body?.cancel();
      } catch (error) {
        if (init.signal?.aborted) {
          throw error;
        }

        emit(describe(error, { during: 'stream' }));
      }

      await delay(reconnectionOptions.initialReconnectionDelay, undefined, { signal: init.signal });
    }

    return await attempt(url, init);
  };
}

function httpTransport(url) {
  const headers = {};
  if (process.env.TOKEN) {
    headers.Authorization = `Bearer ${process.env.TOKEN}`;
  }

  if (process.env.CLUSTER_SESSION) {
    headers['Cluster-Session'] = process.env.CLUSTER_SESSION;
  }

  return new StreamableHTTPClientTransport(new URL(url), {
    fetch: patientFetch(),
    requestInit: { headers },
    reconnectionOptions,
  });
}

function transportFor([kind, target, ...rest]) {
  if (kind === 'http' && target) {
    return httpTransport(target);
  }

  if (kind === 'stdio' && target) {
    return new StdioClientTransport({ command: target, args: rest, env: process.env, stderr: 'inherit' });
  }

  process.stderr.write('usage: node client.mjs http URL | stdio COMMAND [ARG...]\n');
  process.exit(2);
}

const transport = transportFor(process.argv.slice(2));
const client = new Client({ name: 'cluster-tests', version: '1.0.0' }, { capabilities: {} });
let protocolVersion;

// Set before connect, so the SDK calls it first, with every message as it was received.
transport.onmessage = message => {
  protocolVersion ??= message.result?.protocolVersion;
  if (message.method === 'ping') {
    emit({ type: 'ping', id: message.id });
  }
};
client.onerror = error => emit(describe(error));
client.onclose = () => emit({ type: 'closed' });
client.fallbackNotificationHandler = async ({ method, params }) => emit({ type: 'notification', method, params });
// The SDK keeps these two to itself; without its handlers they reach the fallback too.
client.removeNotificationHandler('notifications/cancelled');
client.removeNotificationHandler('notifications/progress');
process.on('unhandledRejection', error => emit(describe(error)));

async function finish(code) {
  await client.close();
  // Never returns: the process ends as soon as everything before is written.
  await new Promise(() => process.stdout.write('', () => process.exit(code)));
}

const actions = {
  async tools() {
    emit({ type: 'tools', tools: (await client.listTools()).tools });
  },
  async call({ id, name, arguments: args }) {
    emit({ type: 'result', id, result: await client.callTool({ name, arguments: args }) });
  },
  async notify({ method, params }) {
    await client.notification({ method, params });
  },
  close: () => finish(0),
};

async function obey(line) {
  let command = {};
  try {
    command = JSON.parse(line);
    if (!Object.hasOwn(actions, command.do)) {
      throw new Error(`Unknown command '${command.do}'; expected one of ${Object.keys(actions).join(', ')}.`);
    }

    await actions[command.do](command);
  } catch (error) {
    emit(describe(error, { do: command?.do, id: command?.id }));
  }
}

try {
  await client.connect(transport);
} catch (error) {
  emit(describe(error, { during: 'connect' }));
  await finish(1);
}

emit({
  type: 'connected',
  protocolVersion,
  server: client.getServerVersion(),
  instructions: client.getInstructions(),
  capabilities: client.getServerCapabilities(),
  sessionId: transport.sessionId,
});

// Commands sent together run together: a slow call must not hold up the next one.
createInterface({ input: process.stdin })
  .on('line', line => line.trim() && obey(line))
  .on('close', () => finish(0));
// A stdio server that is gone leaves nothing else to keep this process up while its test still talks to it.
setInterval(() => {}, 60_000);
