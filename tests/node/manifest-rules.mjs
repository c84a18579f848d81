// What this project asks of its manifests beyond Kubernetes' schemas. Each rule says what is wrong in a sentence.

const secretName = /KEY|TOKEN|PASSWORD|SECRET|Engine/i;
const shutdownSeconds = 10; // the node's own limit for ending its streams

/** The faults of one rendered overlay. `settings` are the names of the node's settings, as its source code has them. */
export function ruleFaults(docs, settings) {
  const faults = [];
  const expect = (true_, fault) => true_ || faults.push(fault);
  const of = kind => docs.filter(doc => doc.kind === kind);
  const named = (kind, name) => of(kind).find(doc => doc.metadata.name === name);

  expect(of('Secret').length === 0, 'A Secret is in the manifests; only references to secrets may be.');
  expect(new Set(docs.map(doc => doc.metadata.namespace)).size === 1, 'The manifests are in more than one namespace.');
  expect(of('Deployment').length === 1, `One Deployment was expected; there are ${of('Deployment').length}.`);
  if (of('Deployment').length !== 1) {
    return faults;
  }

  const deployment = of('Deployment')[0];
  const { replicas, selector, strategy, template } = deployment.spec;
  const pod = template.spec;
  const labels = template.metadata.labels;
  const ports = pod.containers.flatMap(container => container.ports ?? []);
  const hasPort = port => ports.some(({ name, containerPort }) => port === name || port === containerPort);
  const containers = [...pod.containers, ...(pod.initContainers ?? [])];
  const configs = containers.flatMap(c => (c.envFrom ?? []).map(from => named('ConfigMap', from.configMapRef?.name)));
  const config = Object.assign({}, ...configs.map(map => map?.data));

  expect(selects(selector, labels), "The Deployment's selector does not match its pods.");
  expect(named('ServiceAccount', pod.serviceAccountName), `ServiceAccount '${pod.serviceAccountName}' is missing.`);
  expect(pod.automountServiceAccountToken === false, "The pod mounts a service account's token that it does not need.");
  expect(pod.securityContext?.runAsNonRoot === true, 'The pod may run as root.');
  expect(pod.securityContext?.runAsUser > 0, 'The pod names no user other than root.');
  expect(pod.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'The pod has no seccomp profile.');
  expect(!pod.hostNetwork && !pod.hostPID && !pod.hostIPC, 'The pod shares a namespace of its host.');
  expect(!(pod.volumes ?? []).some(volume => volume.hostPath), 'The pod mounts a path of its host.');
  expect(configs.every(Boolean), 'A ConfigMap that a container reads its environment from is missing.');
  const drain = Number(config.Cluster__DrainSeconds ?? 0);
  expect(
    pod.terminationGracePeriodSeconds > drain + shutdownSeconds,
    `The pod is killed after ${pod.terminationGracePeriodSeconds} s, but needs ${drain} s to drain and ` +
      `${shutdownSeconds} s to stop.`,
  );
  for (const spread of pod.topologySpreadConstraints ?? []) {
    expect(selects(spread.labelSelector, labels), `The spread over ${spread.topologyKey} does not select the pods.`);
  }

  for (const container of containers) {
    checkContainer(container, pod, expect);
  }

  for (const setting of [...Object.keys(config), ...containers.flatMap(c => (c.env ?? []).map(e => e.name))]) {
    const name = setting.replace(/^Cluster__(Limits__|Retention__)?/, '').replace(/__\d+$/, '');
    expect(name === setting || settings.has(name), `The node has no setting '${setting}'.`);
  }

  expect(Object.keys(config).every(key => !secretName.test(key)), 'A ConfigMap holds what looks like a secret.');
  checkReplacement({ docs, replicas, strategy, pod, labels, of, expect });
  checkNetwork({ labels, ports, hasPort, config, of, named, expect });
  return faults;
}

function checkContainer(container, pod, expect) {
  const name = `Container '${container.name}'`;
  const security = container.securityContext ?? {};
  expect(security.readOnlyRootFilesystem === true, `${name} can write to its root filesystem.`);
  expect(security.allowPrivilegeEscalation === false && !security.privileged, `${name} may gain privileges.`);
  expect(security.capabilities?.drop?.includes('ALL') && !security.capabilities.add, `${name} keeps capabilities.`);
  expect(security.runAsNonRoot !== false && security.runAsUser !== 0, `${name} runs as root.`);
  expect(
    /:(?!latest$)[\w.-]+$|@sha256:/.test(container.image),
    `${name} has image '${container.image}', without a version.`,
  );
  expect(container.resources?.limits?.memory, `${name} has no memory limit.`);
  expect(container.resources?.requests?.memory && container.resources.requests.cpu, `${name} requests no resources.`);
  for (const mount of container.volumeMounts ?? []) {
    expect(pod.volumes.some(volume => volume.name === mount.name), `${name} mounts unknown volume '${mount.name}'.`);
  }

  for (const { name: variable, value } of container.env ?? []) {
    expect(
      value === undefined || !secretName.test(variable),
      `${name} has the value of secret '${variable}' in the manifest.`,
    );
  }

  for (const kind of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const probe = container[kind]?.httpGet;
    expect(probe, `${name} has no ${kind} over HTTP.`);
    const found = !probe || container.ports.some(port => port.name === probe.port || port.containerPort === probe.port);
    expect(found, `The ${kind} of ${name} asks port '${probe?.port}', which it does not have.`);
  }
}

// How pods come and go: updates without a gap, unless there may be one pod only.
function checkReplacement({ docs, replicas, strategy, pod, labels, of, expect }) {
  const claims = (pod.volumes ?? []).flatMap(volume => volume.persistentVolumeClaim?.claimName ?? []);
  for (const claim of claims) {
    expect(
      docs.some(d => d.kind === 'PersistentVolumeClaim' && d.metadata.name === claim),
      `Claim '${claim}' is missing.`,
    );
  }

  if (claims.length > 0) {
    expect(replicas === 1 && strategy.type === 'Recreate', 'Two pods can have one SQLite file open at a time.');
  } else {
    const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {};
    expect(maxUnavailable === 0 && maxSurge > 0, 'A rolling update may take pods away before new ones are ready.');
  }

  const budgets = of('PodDisruptionBudget');
  expect(budgets.length === 1, 'One PodDisruptionBudget was expected.');
  for (const { spec } of budgets) {
    expect(selects(spec.selector, labels), 'The PodDisruptionBudget does not select the pods.');
    expect(
      spec.maxUnavailable >= 1 && spec.maxUnavailable <= Math.max(1, replicas - 1),
      'The PodDisruptionBudget lets none or all of the pods go.',
    );
  }
}

function checkNetwork({ labels, ports, hasPort, config, of, named, expect }) {
  expect(ports.length > 0, 'The containers have no port.');
  for (const service of of('Service')) {
    expect(selects({ matchLabels: service.spec.selector }, labels), 'The Service does not select the pods.');
    for (const port of service.spec.ports) {
      expect(
        hasPort(port.targetPort ?? port.port),
        `The Service sends to port '${port.targetPort}', which the pods do not have.`,
      );
    }
  }

  const publicHost = config.Cluster__PublicUrl && new URL(config.Cluster__PublicUrl);
  expect(of('Ingress').length === 1, 'One Ingress was expected.');
  for (const { spec } of of('Ingress')) {
    for (const rule of spec.rules) {
      expect(spec.tls?.some(tls => tls.hosts.includes(rule.host)), `Host '${rule.host}' is served without TLS.`);
      const same = publicHost?.protocol === 'https:' && publicHost.host === rule.host;
      expect(same, `The Ingress serves '${rule.host}', but Cluster__PublicUrl is '${config.Cluster__PublicUrl}'.`);
      for (const { backend } of rule.http.paths) {
        const target = named('Service', backend.service.name)?.spec.ports;
        const { name, number } = backend.service.port;
        expect(
          target?.some(port => port.name === name || port.port === number),
          `Service '${backend.service.name}' has no port '${name ?? number}'.`,
        );
      }
    }
  }

  const policies = of('NetworkPolicy').filter(policy => selects(policy.spec.podSelector, labels));
  expect(policies.length === of('NetworkPolicy').length, 'A NetworkPolicy does not select the pods.');
  for (const type of ['Ingress', 'Egress']) {
    expect(policies.some(policy => policy.spec.policyTypes?.includes(type)), `No NetworkPolicy restricts ${type}.`);
  }

  for (const { spec } of policies) {
    for (const { from, ports: open } of spec.ingress ?? []) {
      expect(
        from?.length > 0 && open?.every(({ port }) => hasPort(port)),
        'A NetworkPolicy lets anybody in, or to a port that the pods do not have.',
      );
    }

    for (const { to, ports: open } of spec.egress ?? []) {
      expect(to?.length > 0 && open?.length > 0, 'A NetworkPolicy lets the pods out to anywhere.');
    }
  }
}

function selects(selector, labels) {
  const wanted = Object.entries(selector?.matchLabels ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels?.[key] === value);
}
