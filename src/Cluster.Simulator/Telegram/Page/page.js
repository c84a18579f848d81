"use strict";

// The key came behind the # of the address that the node printed, so that no other program of this machine writes here.
const at = id => document.getElementById(id);
if (location.hash.length > 1) {
  sessionStorage.setItem("key", location.hash.slice(1));
  history.replaceState(null, "", "/");
}

const key = sessionStorage.getItem("key") ?? "";
let who = 0;
let chat = 0;
let inGroup = false;
let answering = 0;
let shown = "";
let toldTimer = 0;

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text ?? "";
  return made;
}

async function call(path, body) {
  const response = await fetch(path, body
    ? { method: "POST", headers: { "X-Simulator-Key": key, "Content-Type": "application/json" }, body: JSON.stringify(body) }
    : { headers: { "X-Simulator-Key": key } });
  if (!response.ok) {
    throw new Error(response.status === 403 ? "Open the address that the node printed: it ends in a key." : await response.text());
  }

  return response.json();
}

function setStatus(text, lost) {
  at("status").textContent = text;
  at("status").className = lost ? "lost" : "";
}

function tell(text) {
  at("told").textContent = text;
  at("told").hidden = text === "";
  clearTimeout(toldTimer);
  toldTimer = setTimeout(() => { at("told").hidden = true; }, 8000);
}

function answer(message) {
  answering = message ? message.id : 0;
  at("answering").hidden = !message;
  at("answered").textContent = message ? `Answers ${message.name}: ${message.text}` : "";
  if (message) {
    at("text").focus();
  }
}

function draw(message, all) {
  const box = element("article", message.who === who ? "mine" : "");
  const head = element("h2", "");
  head.append(element("span", "", message.name), element("small", "", message.edited ? "edited" : ""));
  box.append(head);
  const answered = all.find(other => other.id === message.replyTo);
  if (answered) {
    box.append(element("p", "quote", `${answered.name}: ${answered.text.slice(0, 120)}`));
  }

  box.append(element("p", "text", message.text));
  if (message.buttons.length > 0) {
    const row = element("div", "buttons");
    message.buttons.forEach((label, index) => {
      const button = element("button", "", label);
      button.type = "button";
      button.addEventListener("click", () => press(message.id, index));
      row.append(button);
    });
    box.append(row);
  }

  const foot = element("div", "foot");
  if (message.reaction) {
    foot.append(element("span", "reaction", message.reaction));
  }

  if (message.bot) {
    const button = element("button", "answer", "Reply");
    button.type = "button";
    button.addEventListener("click", () => answer(message));
    foot.append(button);
  }

  if (foot.childNodes.length > 0) {
    box.append(foot);
  }

  return box;
}

function drawPeople(people) {
  at("people").replaceChildren(...people.map(person => {
    const button = element("button", "", person.name);
    button.type = "button";
    button.title = `telegram:${person.id}`;
    button.setAttribute("aria-pressed", person.id === who);
    button.addEventListener("click", () => go(person.id, inGroup));
    return button;
  }));
}

async function look() {
  try {
    const state = await call(`chat?who=${who}&group=${inGroup}`);
    setStatus("Live", false);
    const now = JSON.stringify(state);
    if (now === shown) {
      return;
    }

    shown = now;
    who = state.who;
    chat = state.chat;
    drawPeople(state.people);
    at("mention").title = `Mention @${state.bot}`;
    at("mention").value = `@${state.bot}`;
    const list = at("messages");
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    list.replaceChildren(...(state.messages.length > 0
      ? state.messages.map(message => draw(message, state.messages))
      : [element("p", "empty", inGroup
        ? `Nothing here yet. In a group the bot hears what mentions it (@${state.bot}) or answers it.`
        : `Nothing here yet. The bot is silent to strangers: run “cluster pair” and send the code here.`)]));
    if (atEnd) {
      list.scrollTop = list.scrollHeight;
    }
  } catch (error) {
    setStatus(error instanceof TypeError ? "The node is away" : error.message, true);
  }
}

function go(person, group) {
  who = person;
  inGroup = group;
  shown = "";
  at("direct").setAttribute("aria-pressed", !group);
  at("group").setAttribute("aria-pressed", group);
  at("mention").hidden = !group;
  at("messages").replaceChildren();
  answer(null);
  look();
}

async function press(message, button) {
  try {
    const told = await call("press", { who, chat, message, button });
    tell(told.text === "" ? "The bot did not answer this press." : told.text);
    look();
  } catch (error) {
    tell(error.message);
  }
}

async function send() {
  const text = at("text").value;
  if (text.trim() === "") {
    return;
  }

  try {
    await call("send", { who, chat, text, replyTo: answering });
    at("text").value = "";
    answer(null);
    at("messages").scrollTop = at("messages").scrollHeight;
    look();
  } catch (error) {
    tell(error.message);
  }
}

at("direct").addEventListener("click", () => go(who, false));
at("group").addEventListener("click", () => go(who, true));
at("forget").addEventListener("click", () => answer(null));
at("mention").addEventListener("click", () => {
  at("text").value = `${at("mention").value} ${at("text").value}`;
  at("text").focus();
});
at("text").addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
});
at("composer").addEventListener("submit", event => {
  event.preventDefault();
  send();
});

look();
setInterval(look, 700);
