// Checks rendered Kubernetes manifests: node manifests.mjs CLUSTEROPTIONS.CS RENDERED.yaml…
// First it plants faults into the first file's manifests, to show that it would find them.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ruleFaults } from './manifest-rules.mjs';
import { schemaFaults } from './manifest-schemas.mjs';

const [optionsFile, ...files] = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: node manifests.mjs CLUSTEROPTIONS.CS RENDERED.yaml...');
  process.exit(2);
}

const settings = new Set(
  [...readFileSync(optionsFile, 'utf8').matchAll(/public [\w<>?]+ (\w+) \{ get; set; \}/g)].map(found => found[1]),
);

const rendered = files.map(file => ({
  name: basename(file, '.yaml'),
  docs: parseAllDocuments(readFileSync(file, 'utf8'), { strict: true, uniqueKeys: true }).map(doc => {
    if (doc.errors.length > 0) {
      throw doc.errors[0];
    }

    return doc.toJS();
  }),
}));

const planted = [
  ['a misspelt field', ({ Deployment }) => rename(container(Deployment), 'image', 'imagee')],
  ['a field in the wrong place', ({ Deployment }) => (Deployment.spec.readinessProbe = {})],
  ['a text for a number', ({ Deployment }) => (Deployment.spec.replicas = 'three')],
  ['a missing selector', ({ Deployment }) => delete Deployment.spec.selector],
  ['an unknown kind', ({ Deployment }) => (Deployment.apiVersion = 'apps/v7')],
  ['a wrong word', ({ Ingress }) => (Ingress.spec.rules[0].http.paths[0].pathType = 'Prefixed')],
  ['a root user', ({ Deployment }) => (Deployment.spec.template.spec.securityContext.runAsUser = 0)],
  ['a writable root', ({ Deployment }) => delete container(Deployment).securityContext.readOnlyRootFilesystem],
  ['a probe without its port', ({ Deployment }) => (container(Deployment).readinessProbe.httpGet.port = 'https')],
  ['other pod labels', ({ Deployment }) => (Deployment.spec.template.metadata.labels = { app: 'other' })],
  ['a short grace period', ({ Deployment }) => (Deployment.spec.template.spec.terminationGracePeriodSeconds = 20)],
  ['an unknown setting', ({ ConfigMap }) => (ConfigMap.data.Cluster__Drain = '1')],
  ["a secret's value", ({ ConfigMap }) => (ConfigMap.data.CLUSTER_KEY = 'c2VjcmV0')],
  ['another budget', ({ PodDisruptionBudget }) => (PodDisruptionBudget.spec.selector.matchLabels = { app: 'other' })],
  ['an open door', ({ NetworkPolicy }) => delete NetworkPolicy.spec.ingress[0].from],
  ['another host', ({ Ingress }) => (Ingress.spec.rules[0].host = 'other.example.com')],
  ['another service port', ({ Service }) => (Service.spec.ports[0].name = 'web')],
  ['the default account', ({ Deployment }) => (Deployment.spec.template.spec.serviceAccountName = 'default')],
].map(([name, plant]) => {
  const docs = structuredClone(rendered[0].docs);
  // Of two of a kind, the one with the shorter name: the base's own.
  const byName = docs.toSorted((one, other) => other.metadata.name.length - one.metadata.name.length);
  plant(Object.fromEntries(byName.map(doc => [doc.kind, doc])));
  return { name, docs, planted: true };
});

const sets = [...rendered, ...planted];
const faultsOf = await schemaFaults(sets.flatMap(set => set.docs));
for (const { name, docs, planted } of sets) {
  const bySchema = docs.flatMap(faultsOf);
  // What the schemas refuse, the rules need not understand.
  const faults = bySchema.length > 0 ? bySchema : ruleFaults(docs, settings);
  if (planted && faults.length === 0) {
    console.error(`The checker does not notice ${name}.`);
    process.exitCode = 1;
  } else if (!planted) {
    faults.forEach(fault => console.error(`${name}: ${fault}`));
    process.exitCode ||= faults.length > 0 ? 1 : 0;
  }
}

if (!process.exitCode) {
  console.log(`${rendered.map(set => set.name).join(', ')}; ${planted.length} planted faults found`);
}

function container(deployment) {
  return deployment.spec.template.spec.containers[0];
}

function rename(object, from, to) {
  object[to] = object[from];
  delete object[from];
}
