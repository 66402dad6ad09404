"use strict";
const WORDS = {
  es: { notice: "Demostración: nada sale de esta máquina.", title: "Teléfono virtual", number: "Número de este teléfono", scan: "Escanear el QR", with_code: "Vincular con un código", enter: "Ingresar", none: "Aquí aparecen los mensajes que reciben las personas de sus campañas.", faults: "Fallos a pedido", choose: "Elija un chat para leerlo y responder como esa persona.", subtitle: "Usted escribe como esta persona", send: "Enviar", linked: "Vinculado y conectado", away: "Vinculado, sin conexión", unlinked: "Sin vincular", count: (n, m) => `${n} mensajes en ${m} teléfonos`, cold: "Error 463", no_ack: "Sin confirmación", absent: "Sin WhatsApp", refuse: "Rechazar conexiones", disconnect: "Cortar la línea", unlink: "Cerrar la sesión" },
  en: { notice: "Demonstration: nothing leaves this machine.", title: "Virtual phone", number: "This phone's number", scan: "Scan the QR", with_code: "Link with a code", enter: "Enter", none: "The messages that people of your campaigns get appear here.", faults: "Failures on demand", choose: "Choose a chat to read it and answer as that person.", subtitle: "You write as this person", send: "Send", linked: "Linked and connected", away: "Linked, not connected", unlinked: "Not linked", count: (n, m) => `${n} messages on ${m} phones`, cold: "Error 463", no_ack: "No acknowledgement", absent: "Not on WhatsApp", refuse: "Refuse connections", disconnect: "Cut the line", unlink: "Log out" },
  pt: { notice: "Demonstração: nada sai desta máquina.", title: "Telefone virtual", number: "Número deste telefone", scan: "Ler o QR", with_code: "Vincular com um código", enter: "Inserir", none: "As mensagens que as pessoas das suas campanhas recebem aparecem aqui.", faults: "Falhas a pedido", choose: "Escolha uma conversa para ler e responder como essa pessoa.", subtitle: "Você escreve como esta pessoa", send: "Enviar", linked: "Vinculado e conectado", away: "Vinculado, sem conexão", unlinked: "Não vinculado", count: (n, m) => `${n} mensagens em ${m} telefones`, cold: "Erro 463", no_ack: "Sem confirmação", absent: "Sem WhatsApp", refuse: "Recusar conexões", disconnect: "Cortar a linha", unlink: "Encerrar a sessão" },
};
const lang = navigator.languages.map((l) => l.slice(0, 2)).find((l) => l in WORDS) || "es";
const words = WORDS[lang];
const el = (id) => document.getElementById(id);
const SHOWN = 300; // chats in the list; the line above counts them all
let open = null;
document.documentElement.lang = lang;
document.title = words.title;
for (const node of document.querySelectorAll("[data-text]")) node.textContent = words[node.dataset.text];

async function call(method, path, body) {
  const response = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || response.statusText);
  return answer;
}
const clock = (at) => new Date(at * 1000).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

async function showAccount() {
  const found = (await call("GET", "/api/accounts")).find((a) => a.number === el("number").value);
  el("link").classList.toggle("linked", Boolean(found));
  el("state").className = found && found.connected ? "state on" : "state";
  el("state").textContent = found ? (found.connected ? words.linked : words.away) : words.unlinked;
}

async function showChats() {
  const lines = await call("GET", "/api/chats");
  const total = lines.reduce((sum, line) => sum + line.count, 0);
  el("count").textContent = words.count(total.toLocaleString(lang), lines.length.toLocaleString(lang));
  el("none").hidden = lines.length > 0;
  el("chats").replaceChildren(...lines.slice(0, SHOWN).map((line) => {
    const button = make("button");
    button.type = "button";
    if (open && open.phone === line.phone) button.setAttribute("aria-current", "true");
    button.append(make("span", "face", line.phone.slice(-2)), make("span", "name", `+${line.phone}`), make("span", "when", clock(line.at)), make("span", "last", (line.inbound ? "↩ " : "") + (line.text || line.kind)));
    button.onclick = () => openChat(line);
    const item = make("li");
    item.append(button);
    return item;
  }));
}

async function openChat(line) {
  open = { phone: line.phone, account: line.account };
  el("chat").hidden = false;
  el("idle").hidden = true;
  el("who").textContent = `+${line.phone}`;
  await Promise.all([showBubbles(), showChats()]);
}

async function showBubbles() {
  if (!open) return;
  const found = await call("GET", `/api/messages?recipient=${open.phone}&account=${open.account}`);
  el("bubbles").replaceChildren(...found.map((message) => {
    const bubble = make("div", message.inbound ? "bubble mine" : "bubble");
    if (message.kind === "image" && message.media) {
      const image = make("img");
      image.src = `/api/media/${message.seq}`;
      image.alt = message.text;
      bubble.append(image);
    } else if (message.media) {
      const link = make("a", "", message.filename || message.kind);
      link.href = `/api/media/${message.seq}`;
      bubble.append(link, " ");
    }
    bubble.append(message.text, make("time", "", clock(message.at)));
    return bubble;
  }));
  el("bubbles").scrollTop = el("bubbles").scrollHeight;
}

const tell = (error) => { el("problem").textContent = error ? error.message : ""; };
const attempt = (work) => async (event) => {
  event?.preventDefault();
  tell();
  try { await work(); } catch (error) { tell(error); }
  await showAccount();
};
const account = () => `/api/accounts/${el("number").value}`;

el("link").onsubmit = attempt(() => call("POST", `${account()}/scan`, {}));
el("enter").onclick = attempt(() => call("POST", `${account()}/enter-code`, { code: el("code").value }));
el("number").onchange = showAccount;
el("reply").onsubmit = attempt(async () => {
  await call("POST", "/api/inbound", { account: open.account, from: open.phone, text: el("text").value });
  el("text").value = "";
});
el("back").onclick = () => { open = null; el("chat").hidden = true; el("idle").hidden = false; };

const RULES = { cold: { kind: "ack_error", code: 463 }, no_ack: { kind: "ack_withheld" }, absent: { kind: "not_on_whatsapp" } };
const EVENTS = { disconnect: { kind: "disconnect" }, unlink: { kind: "logged_out" } };
const pressed = new Set(); // rules now on
async function fault(name, button) {
  if (name in EVENTS) return call("POST", `${account()}/events`, EVENTS[name]);
  const on = !pressed.delete(name) && Boolean(pressed.add(name));
  button.setAttribute("aria-pressed", on);
  await call("DELETE", "/api/rules");
  for (const rule of pressed) if (rule in RULES) await call("POST", "/api/rules", RULES[rule]);
  return call("POST", `${account()}/events`, { kind: "refuse_connections", on: pressed.has("refuse") });
}
for (const name of [...Object.keys(RULES), "refuse", ...Object.keys(EVENTS)]) {
  const button = make("button", "", words[name]);
  button.type = "button";
  button.onclick = attempt(() => fault(name, button));
  el("faults").append(button);
}

let waiting = false;
function soon() { // many messages a second make one update
  if (waiting) return;
  waiting = true;
  setTimeout(() => { waiting = false; showChats(); showBubbles(); }, 250);
}
const stream = new EventSource("/api/stream");
stream.onmessage = (event) => (JSON.parse(event.data).account && "phone" in JSON.parse(event.data) ? soon() : showAccount());
stream.onopen = () => { showAccount(); soon(); };
