// Runs before the first paint. Pages come in Spanish; who reads another language waits for it
// (DocumentWords ends the wait, sender.css bounds it) instead of seeing Spanish first.
(() => {
  const chosen = document.cookie.match(/(?:^|; )lang=(es|en|pt)/)?.[1];
  const wishes = (navigator.languages ?? [navigator.language]).map((wish) => wish.slice(0, 2));
  const lang = chosen ?? wishes.find((wish) => ["es", "en", "pt"].includes(wish)) ?? "es";
  if (lang !== "es") document.documentElement.dataset.waiting = lang;
  if (/(?:^|; )demo=1/.test(document.cookie)) document.documentElement.dataset.demo = "";
})();

// What the server may have the browser run, and nothing else: the page's policy forbids evaluating
// text. The build (sender_app/local/frontend.py) has Reflex's client call these instead of eval.
const TOAST = /^\(\(\) => \(refs\['__toast'\]\?\.\["(success|error|info|warning)"\]\((.*)\)\)\)$/s;
const CHOICE =
  /^document\.cookie='((?:lang=(?:es|en|pt)|first_steps=away);path=\/;max-age=\d+;samesite=lax)'$/;
const SECRET = /^document\.getElementById\('(new-key|new-secret)'\)\.value = '([\w+/=-]*)'$/;
const EVENT = /^document\.dispatchEvent\(new CustomEvent\('(answered|refused|undoable)', (\{.*\})\)\)$/s;

window.senderFunction = (text, refs) => {
  const [, kind, told] = text.match(TOAST) ?? refused(text);
  const words = JSON.parse(`[${told}]`);
  return () => refs.__toast?.[kind](...words);
};

window.senderScript = (text) => {
  const cookie = text.match(CHOICE)?.[1];
  if (cookie) return (document.cookie = cookie);
  const [, name, about] = text.match(EVENT) ?? [];
  if (name) return document.dispatchEvent(new CustomEvent(name, JSON.parse(about)));
  const [, name_, value] = text.match(SECRET) ?? refused(text);
  const field = document.getElementById(name_);
  if (field || value) field.value = value; // whoever has left the page has nothing to empty
};

function refused(text) {
  console.error("Not run:", text);
  throw new Error("The server may not have this run");
}
