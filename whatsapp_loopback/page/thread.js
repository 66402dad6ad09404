// One conversation, seen on the contact's phone: what it got on the left, its replies on the right.
import { call, element, hueOf, make, showNumber } from "./api.js";
import { formatted } from "./format.js";
import { accountName } from "./owner.js";
import { language, words } from "./words.js";

const PAGE = 50;
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
let current = null, messages = [], complete = false, loading = false;

export const currentChat = () => current;
export const keyOf = (chat) => `${chat.account}/${chat.recipient}`;

const path = () => `/chats/${current.account}/${current.recipient}`;

export async function openChat(chat) {
  current = chat;
  messages = [];
  complete = false;
  element("phone").classList.add("open");
  element("empty").hidden = true;
  element("thread").hidden = false;
  element("chat-name").textContent = showNumber(chat.recipient);
  element("chat-account").textContent = accountName(chat.account);
  const avatar = element("chat-avatar");
  avatar.textContent = chat.recipient.slice(-2);
  avatar.style.setProperty("--hue", hueOf(chat.recipient));
  element("bubbles").replaceChildren();
  await refreshThread();
}

export async function refreshThread() {
  if (!current) return;
  const chat = current;
  const latest = await call("GET", `${path()}?limit=${PAGE}`);
  if (chat !== current) return;
  const older = messages.filter((each) => !latest.length || each.seq < latest[0].seq);
  if (!messages.length) complete = latest.length < PAGE;
  const box = element("bubbles");
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  messages = [...older, ...latest];
  draw();
  if (atEnd || !older.length) box.scrollTop = box.scrollHeight;
  if (latest.some((each) => !each.inbound && !each.read_at)) await call("POST", `${path()}/seen`);
}

async function loadOlder() {
  if (complete || loading || !messages.length) return;
  loading = true;
  const older = await call("GET", `${path()}?limit=${PAGE}&before=${messages[0].seq}`);
  complete = older.length < PAGE;
  const box = element("bubbles");
  const fromEnd = box.scrollHeight - box.scrollTop;
  messages = [...older, ...messages];
  draw();
  box.scrollTop = box.scrollHeight - fromEnd;
  loading = false;
}

function draw() {
  const box = element("bubbles");
  const drawn = new Map([...box.children].map((child) => [child.dataset.key, child]));
  const wanted = [];
  let lastDay = "";
  for (const message of messages) {
    const thisDay = day.format(message.received_at * 1000);
    if (thisDay !== lastDay) wanted.push(keep(drawn, `day ${thisDay}`, () => make("div", "day", thisDay)));
    lastDay = thisDay;
    const key = `${message.seq} ${message.delivered_at ? 1 : 0} ${message.read_at ? 1 : 0}`;
    wanted.push(keep(drawn, key, () => bubble(message)));
  }
  box.replaceChildren(...wanted);
}

function keep(drawn, key, build) {
  const node = drawn.get(key) ?? build();
  node.dataset.key = key;
  return node;
}

function bubble(message) {
  const made = make("article", message.inbound ? "bubble own" : "bubble");
  if (message.quoted_id) {
    const quoted = messages.find((each) => each.id === message.quoted_id);
    made.append(make("span", "quote", quoted ? preview(quoted) : "…"));
  }
  const media = message.media_sha256 ? mediaOf(message) : null;
  if (media) made.append(media);
  made.append(...formatted(message.text || (media ? "" : words[message.kind] ?? words.other)));
  const foot = make("footer", "foot", make("time", "", clock.format(message.received_at * 1000)));
  if (message.inbound) {
    const ticks = message.read_at || message.delivered_at ? "✓✓" : "✓";
    foot.append(make("span", message.read_at ? "read" : "", ticks));
  }
  made.append(foot);
  return made;
}

function mediaOf(message) {
  const source = `/api/media/${message.seq}`;
  if (message.kind === "document" || message.kind === "other") {
    const ending = message.filename.split(".").pop().slice(0, 4).toUpperCase();
    const made = make("a", "document", make("b", "", ending), message.filename);
    made.href = source;
    made.target = "_blank";
    made.rel = "noopener";
    return made;
  }
  const made = make(message.kind === "image" ? "img" : message.kind);
  made.src = source;
  if (message.kind === "image") made.alt = message.filename;
  else made.controls = true;
  made.onload = () => { const box = element("bubbles"); box.scrollTop = box.scrollHeight; };
  return made;
}

export function preview(message) {
  const label = message.kind === "text" ? "" : words[message.kind] ?? words.other;
  const text = message.text.replace(/```|(?<!\w)[*_~]|[*_~](?!\w)/g, "").replace(/\s+/g, " ");
  return [label, text].filter(Boolean).join(" · ").slice(0, 140);
}

export function startThread() {
  element("bubbles").onscroll = (event) => { if (event.target.scrollTop < 200) loadOlder(); };
  element("back").onclick = () => { current = null; element("phone").classList.remove("open"); };
  element("reply").onsubmit = async (event) => {
    event.preventDefault();
    const text = element("reply-text").value.trim();
    if (!text || !current) return;
    element("reply-text").value = "";
    await call("POST", "/inbound", { account: current.account, from: current.recipient, text });
    await refreshThread();
  };
}
