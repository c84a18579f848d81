// Keeps a page as the node knows it. The stream only says that something changed; the page is then asked for again and what
// differs is patched in, so typing, scrolling and opened details stay as they are.
'use strict';

const main = document.getElementById('main');
const status = document.getElementById('status');
const live = main?.hasAttribute('data-live');
const here = main?.dataset.here;
const reloadEvery = 20_000; // ms: a hint can be lost
const reconnectAfter = 2_000; // ms

let stream = null;
let running = null;
let again = false;

function localTimes(root) {
  const now = new Date();
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === now.toDateString();
    time.textContent = at.toLocaleString(undefined, today
      ? { hour: '2-digit', minute: '2-digit' }
      : { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  }
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? '') === (b.id ?? '');
}

function find(from, wanted) {
  if (!from || alike(from, wanted)) return from;
  if (!wanted.id) return null;
  for (let at = from.nextSibling; at; at = at.nextSibling) if (alike(at, wanted)) return at;
  return null;
}

// Elements with an id keep their identity; `data-keep` marks what belongs to the visitor.
function patch(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.hasAttribute('data-keep') || old.isEqualNode(fresh)) return;
  for (const { name } of [...old.attributes]) if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const match = find(at, child);
    if (!match) {
      old.insertBefore(child, at);
      continue;
    }
    while (at !== match) at = remove(at);
    patch(match, child);
    at = match.nextSibling;
  }
  while (at) at = remove(at);
}

function remove(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

const tail = () => document.querySelector('[data-tail]');
const atTail = box => !box || box.scrollHeight - box.scrollTop - box.clientHeight < 40;
function toTail() {
  const box = tail();
  if (box) box.scrollTop = box.scrollHeight;
}

async function load() {
  const response = await fetch(here, { headers: { Accept: 'text/html' }, cache: 'no-store' });
  if (response.redirected) return location.replace(response.url);
  if (!response.ok && response.status !== 404) throw new Error(`The node answered ${response.status}.`);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const fresh = page.getElementById('main');
  localTimes(fresh);
  const follow = atTail(tail());
  patch(main, fresh);
  document.title = page.title;
  if (follow) toTail();
}

// One at a time; what changes meanwhile is asked for once more afterwards.
function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = (async () => {
    do {
      again = false;
      await load();
    } while (again);
  })().finally(() => { running = null; });
  return running;
}

function tell(state) {
  status.dataset.state = state;
  status.textContent = state === 'live' ? 'Live' : 'Connection lost; trying again';
}

const retell = () => refresh().then(() => tell('live'), () => tell('lost'));

function connect() {
  stream?.close();
  stream = new EventSource('/page/changes');
  stream.onopen = retell;
  stream.addEventListener('changed', retell);
  stream.onerror = () => {
    tell('lost');
    if (stream.readyState === EventSource.CLOSED) {
      // Refused, not cut: the login may have ended, which asking for the page finds out.
      refresh().catch(() => { });
      setTimeout(() => { if (!document.hidden) connect(); }, reconnectAfter);
    }
  };
}

function say(text) {
  const notice = document.getElementById('notice');
  notice.textContent = text;
  notice.hidden = !text;
}

async function post(form, submitter) {
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: new URLSearchParams(new FormData(form, submitter)),
    });
    if (response.redirected) {
      location.replace(response.url);
      return false;
    }
    say(response.ok ? '' : (await response.json()).detail ?? `The node refused this (${response.status}).`);
    return response.ok;
  } catch {
    say('The node cannot be reached; whether this arrived is not known. Look again when the connection is back.');
    return false;
  }
}

async function submit(event) {
  const form = event.target.closest('form[data-post]');
  if (!form) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = 'true';
  const done = await post(form, event.submitter);
  delete form.dataset.busy;
  if (done && form.id === 'composer') {
    // Only an accepted message gets a new id: one that is sent again after a lost answer still enters once.
    form.elements.client_id.value = [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('');
    form.elements.text.value = '';
  }
  await refresh().catch(() => tell('lost'));
  if (done && form.id === 'composer') toTail();
}

function enterSends() {
  const text = document.getElementById('text');
  if (!text || !matchMedia('(pointer: fine)').matches) return;
  document.getElementById('send-hint').textContent = 'Enter sends, Shift+Enter starts a new line';
  text.addEventListener('keydown', event => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      text.form.requestSubmit();
    }
  });
}

// The code is in the fragment, which no server sees; it leaves the address bar and the history before anything else.
async function login(form) {
  const code = location.hash.slice(1);
  if (!code) return;
  history.replaceState(null, '', location.pathname);
  form.elements.code.value = code;
  if (await post(form)) location.replace('/');
  else form.elements.code.value = '';
}

localTimes(document);
if (live) {
  toTail();
  enterSends();
  document.addEventListener('submit', submit);
  connect();
  setInterval(() => { if (!document.hidden && stream?.readyState === EventSource.OPEN) retell(); }, reloadEvery);

  // A browser allows few connections to one address: a hidden page gives its own back.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      stream?.close();
    } else {
      connect();
    }
  });
}

const form = document.getElementById('login');
if (form) login(form);

const invitation = document.getElementById('invitation');
if (invitation && location.hash) invitation.textContent = `cluster login ${location.href}`;
