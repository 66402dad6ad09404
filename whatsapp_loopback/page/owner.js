// The owner's phone (linking) and the failure switches.
import { call, element, showNumber } from "./api.js";
import { words } from "./words.js";

let accounts = [];

export const hasSeveralAccounts = () => accounts.length > 1;
const number = () => element("number").value.replace(/\D/g, "");

function say(text, bad = false) {
  element("owner-message").textContent = text;
  element("owner-message").classList.toggle("bad", bad);
}

async function link(path, body) {
  say(words.working);
  element("scan").disabled = true;
  try {
    await call("POST", `/accounts/${number()}/${path}`, body);
    say(words.done);
    setTimeout(() => { element("owner").open = false; say(""); }, 2500);
  } catch (error) {
    say(error.status === 409 && path === "scan" ? words.noQr : error.message, true);
  } finally {
    element("scan").disabled = false;
  }
}

export async function refreshAccounts() {
  accounts = await call("GET", "/accounts");
  showState();
}

function showState() {
  const account = accounts.find((each) => each.number === number());
  const linked = Boolean(account?.devices.length);
  const state = element("owner-state");
  state.textContent = linked ? (account.connected ? words.linked : words.offline) : words.unlinked;
  state.classList.toggle("on", linked && account.connected);
  state.classList.toggle("bad", linked && !account.connected);
  element("unlink").hidden = !linked;
}

async function refreshFailures() {
  const [rules, health] = await Promise.all([call("GET", "/rules"), call("GET", "/health")]);
  let active = 0;
  for (const box of document.querySelectorAll("[data-rule]")) {
    const rule = rules.find((each) => each.kind === box.dataset.rule && each.count !== 0);
    box.checked = Boolean(rule);
    box.dataset.id = rule?.id ?? "";
    active += box.checked;
  }
  element("refuse").checked = health.refuse_connections;
  active += health.refuse_connections;
  element("failure-state").textContent = active ? `${active} ${words.active}` : "";
  element("failure-state").classList.toggle("bad", active > 0);
}

async function toggleRule(box) {
  if (box.checked) await call("POST", "/rules", { kind: box.dataset.rule, cold_only: box.dataset.rule === "ack_error" });
  else if (box.dataset.id) await call("DELETE", `/rules/${box.dataset.id}`);
  await refreshFailures();
}

export async function startOwner() {
  element("scan").onclick = () => link("scan");
  element("number").oninput = showState;
  element("code-form").onsubmit = (event) => {
    event.preventDefault();
    link("enter-code", { code: element("code").value });
  };
  element("unlink").onclick = async () => {
    await call("DELETE", `/accounts/${number()}`);
    say(words.gone);
    await refreshAccounts();
  };
  for (const box of document.querySelectorAll("[data-rule]")) box.onchange = () => toggleRule(box);
  for (const button of document.querySelectorAll("[data-event]")) {
    button.onclick = () => call("POST", `/accounts/${number()}/events`, { kind: button.dataset.event });
  }
  element("refuse").onchange = async (event) => {
    await call("POST", "/accounts/*/events", { kind: "refuse_connections", on: event.target.checked });
    await refreshFailures();
  };
  element("heal").onclick = async () => { await call("DELETE", "/rules"); await refreshFailures(); };
  element("failures").ontoggle = refreshFailures;
  await Promise.all([refreshAccounts(), refreshFailures()]);
  const usable = accounts.filter((each) => each.devices.length);
  const linked = usable.find((each) => each.connected) ?? usable[0];
  if (linked) {
    element("number").value = linked.number;
    element("owner").open = false;
    showState();
  }
}

export const accountName = (digits) => `${words.writes} ${showNumber(digits)}`;
