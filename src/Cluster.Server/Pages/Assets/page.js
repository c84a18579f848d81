// Keeps a page as the node knows it. The stream only says that something changed; the page is then asked for again and what
// differs is patched in, so typing, scrolling and opened details stay as they are.
'use strict';

const main = document.getElementById('main');
const status = document.getElementById('status');
const live = main?.hasAttribute('data-live');
const here = main?.dataset.here;
const reloadEvery = 20_000; // ms: a hint can be lost
const reconnectAfter = 2_000; // ms
const restFor = 1_000; // ms: who presses sooner meant what was there before

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

// Attributes that the page gives, not the node.
const own = ['open', 'aria-disabled'];

// Elements with an id keep their identity; `data-keep` marks what belongs to the visitor.
function patch(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.hasAttribute('data-keep') || old.isEqualNode(fresh)) return;
  if (old.hasAttribute('data-cards')) return patchCards(old, fresh);
  for (const { name } of [...old.attributes]) if (!own.includes(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
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

// Permission requests keep their places until the page is left: none moves, none leaves, new ones come last. One that is still open
// is not touched at all, so a press that has begun ends on the very button that it began on.
function patchCards(old, fresh) {
  const told = new Map([...fresh.children].map(card => [card.id, card]));
  for (const card of old.children) {
    const now = told.get(card.id);
    told.delete(card.id);
    const wasOpen = card.classList.contains('open');
    if (now && !(wasOpen && now.classList.contains('open'))) patch(card, now);
    if (!now && wasOpen) withdraw(card);
  }
  old.append(...told.values());
}

// The node shows it to this visitor no more; its place stays.
function withdraw(card) {
  card.style.height = `${card.offsetHeight}px`;
  card.classList.remove('open');
  const why = document.createElement('p');
  why.textContent = 'This request is not yours to answer any more.';
  card.replaceChildren(why);
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

// What a press would do, for the presses that must not be meant for something else. To send one's own words twice is no such thing.
const buttons = () => document.querySelectorAll('form[data-post]:not(#composer) button');
const resting = new Map();
let known = new Map();
let pressed; // the button that a press began on: null for none, undefined when no press has begun

function rest(button) {
  clearTimeout(resting.get(button));
  button.setAttribute('aria-disabled', 'true');
  resting.set(button, setTimeout(() => {
    resting.delete(button);
    button.removeAttribute('aria-disabled');
  }, restFor));
}

function restAll() {
  for (const button of buttons()) rest(button);
}

// A button that has come, has moved, or would do something else than before does nothing for a while.
function settle() {
  const now = new Map();
  for (const button of buttons()) {
    const { left, top } = button.getBoundingClientRect();
    const what = [Math.round(left + scrollX), Math.round(top + scrollY), button.form.action, button.value].join(' ');
    if (known.get(button) !== what) rest(button);
    now.set(button, what);
  }
  known = now;
}

// Every change that is not the visitor's own goes through here.
function change(how) {
  const y = scrollY;
  how();
  settle();
  if (scrollY !== y) restAll();
}

const isReady = button => !button.hasAttribute('aria-disabled');
const pressable = event => event.target instanceof Element ? event.target.closest('form[data-post]:not(#composer) button') : null;

function beginPress(event) {
  settle();
  const button = pressable(event);
  pressed = button && isReady(button) ? button : null;
}

// A press counts only where it began, and only if the button was ready then and still is. A key presses what has the focus.
function endPress(event) {
  const button = pressable(event);
  const began = event.detail === 0 || pressed === undefined ? button : pressed;
  pressed = undefined;
  if (button && !(began === button && isReady(button))) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

function cards() {
  const ids = [...document.querySelectorAll('#cards > .permission')].map(card => card.id.replace('permission-', ''));
  return ids.length ? `?cards=${ids.join(',')}` : '';
}

async function load() {
  const response = await fetch(here + cards(), { headers: { Accept: 'text/html' }, cache: 'no-store' });
  if (response.redirected) return location.replace(response.url);
  if (!response.ok && response.status !== 404) throw new Error(`The node answered ${response.status}.`);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const fresh = page.getElementById('main');
  localTimes(fresh);
  const follow = atTail(tail());
  change(() => {
    patch(main, fresh);
    if (follow) toTail();
  });
  document.title = page.title;
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
  change(() => {
    status.dataset.state = state;
    status.textContent = state === 'live' ? 'Live' : 'Connection lost; trying again';
  });
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
  change(() => {
    notice.textContent = text;
    notice.hidden = !text;
  });
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
    return response.ok && (response.headers.get('Next-Page') ?? here ?? '/');
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
  if (done && form.id === 'composer') change(toTail);
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
  history.replaceState(null, '', location.pathname + location.search);
  form.elements.code.value = code;
  const next = await post(form);
  if (next) location.replace(next);
  else form.elements.code.value = '';
}

localTimes(document);
if (live) {
  document.documentElement.classList.add('live');
  toTail();
  enterSends();
  settle();
  new ResizeObserver(settle).observe(main);
  document.addEventListener('pointerdown', beginPress, true);
  document.addEventListener('pointercancel', () => { pressed = undefined; });
  document.addEventListener('click', endPress, true);
  document.addEventListener('submit', submit);
  document.getElementById('notice')?.addEventListener('click', () => say(''));
  connect();
  setInterval(() => { if (!document.hidden && stream?.readyState === EventSource.OPEN) retell(); }, reloadEvery);

  // A browser allows few connections to one address: a hidden page gives its own back.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      stream?.close();
    } else {
      restAll(); // to the visitor they appear just now
      connect();
    }
  });
  addEventListener('pageshow', restAll);
}

const form = document.getElementById('login');
if (form) login(form);

const invitation = document.getElementById('invitation');
if (invitation && location.hash) invitation.textContent = `cluster login ${location.href}`;
