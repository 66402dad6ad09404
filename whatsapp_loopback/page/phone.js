// The page's start: the list of chats, and the live stream that keeps everything fresh.
import { call, element, hueOf, make, showNumber, throttled } from "./api.js";
import { hasSeveralAccounts, refreshAccounts, startOwner } from "./owner.js";
import { currentChat, keyOf, openChat, preview, refreshThread, startThread } from "./thread.js";
import { language, translatePage, words } from "./words.js";

const PAGE = 60;
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const count = new Intl.NumberFormat(language, { useGrouping: "always" });
const today = () => new Date().toDateString();
let chats = [], complete = false, loading = false;

async function fetchChats(offset) {
  const search = element("search").value.replace(/\D/g, "");
  const answer = await call("GET", `/chats?limit=${PAGE}&offset=${offset}&search=${search}`);
  const { messages, phones } = answer.totals;
  element("counter").textContent = words.counter(count.format(messages), count.format(phones));
  return answer.chats;
}

async function refreshChats() {
  const first = await fetchChats(0);
  const fresh = new Set(first.map(keyOf));
  const rest = chats.filter((chat) => !fresh.has(keyOf(chat)));
  complete = first.length < PAGE;
  chats = complete ? first : [...first, ...rest];
  drawChats();
}

async function restart() {
  chats = [];
  await refreshChats();
  element("chats").scrollTop = 0;
}

async function loadMore() {
  if (complete || loading) return;
  loading = true;
  const more = await fetchChats(chats.length);
  const known = new Set(chats.map(keyOf));
  chats = [...chats, ...more.filter((chat) => !known.has(keyOf(chat)))];
  complete = more.length < PAGE;
  drawChats();
  loading = false;
}

function drawChats() {
  const box = element("chats");
  const drawn = new Map([...box.children].map((child) => [child.dataset.key, child]));
  const open = currentChat() && keyOf(currentChat());
  const rows = chats.map((chat) => {
    const key = `${keyOf(chat)} ${chat.seq} ${chat.unread}`;
    const node = drawn.get(key) ?? row(chat);
    node.dataset.key = key;
    node.classList.toggle("current", keyOf(chat) === open);
    return node;
  });
  const text = element("search").value ? words.notFound : words.nothing;
  box.replaceChildren(...(rows.length ? rows : [make("p", "nothing", text)]));
}

function row(chat) {
  const avatar = make("span", "avatar", chat.recipient.slice(-2));
  avatar.style.setProperty("--hue", hueOf(chat.recipient));
  avatar.ariaHidden = "true";
  const name = make("div", "name", showNumber(chat.recipient));
  const last = make("div", "last", (chat.inbound ? words.you : "") + preview(chat));
  const middle = make("div", "middle", name, last);
  if (hasSeveralAccounts()) middle.append(make("div", "sub", `← ${showNumber(chat.account)}`));
  const when = new Date(chat.received_at * 1000);
  const time = when.toDateString() === today() ? clock.format(when) : when.toLocaleDateString(language);
  const end = make("div", "end", make("time", "", time));
  if (chat.unread) end.append(make("span", "badge", count.format(chat.unread)));
  const made = make("button", "chat", avatar, middle, end);
  made.onclick = async () => {
    await openChat(chat);
    await refreshChats();
  };
  return made;
}

const refreshListSoon = throttled(refreshChats, 600);
const refreshThreadSoon = throttled(refreshThread, 300);
const refreshAccountsSoon = throttled(refreshAccounts, 300);

function listen() {
  const stream = new EventSource("/api/stream");
  stream.onopen = () => { refreshListSoon(); refreshAccountsSoon(); };
  stream.onmessage = ({ data }) => {
    const events = JSON.parse(data);
    if (events.some((each) => each.event === "account")) refreshAccountsSoon();
    if (events.some((each) => each.event !== "account")) refreshListSoon();
    const chat = currentChat();
    if (chat && events.some((each) => each.recipient && keyOf(each) === keyOf(chat))) refreshThreadSoon();
    if (events.some((each) => each.event === "cleared")) location.reload();
  };
}

translatePage();
element("search").placeholder = element("search").ariaLabel = words.search;
element("reply-text").placeholder = element("reply-text").ariaLabel = words.reply;
element("back").ariaLabel = words.back;
element("code").ariaLabel = words.code;
element("search").oninput = throttled(restart, 250);
element("chats").onscroll = ({ target }) => {
  if (target.scrollHeight - target.scrollTop - target.clientHeight < 400) loadMore();
};
startThread();
await startOwner();
await restart();
listen();
