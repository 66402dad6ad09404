// Writing messages in the browser: WhatsApp's formatting, emoji, and text put where the cursor is.
import { createElement, useLayoutEffect, useRef } from "react";
import { insertText } from "./browser.js";

const TAGS = { "*": "strong", _: "em", "~": "s" };
const EDGE = "[\\s\\p{P}\\p{S}]";
const SPAN = new RegExp(
  `(?<=^|${EDGE})(?:\`([^\`\\n]+)\`|([*_~])(?=\\S)([^\\n]*?\\S)\\2)(?=$|${EDGE})`, "u");

// A text as WhatsApp shows it: *bold*, _italic_, ~strike~, `code`, ```mono```, quotes and lists.
export function WhatsappText({ text, ...props }) {
  const blocks = (text || "").split(/```([^`]+)```/);
  const shown = blocks.map((block, n) =>
    n % 2 ? createElement("code", { key: n, className: "mono" }, block) : lines(block, n));
  return createElement("div", props, shown);
}

function lines(block, key) {
  const parts = block.split("\n").flatMap((line, n) => {
    const quote = /^> (?=\S)/.exec(line);
    const item = /^[*-] (?=\S)/.exec(line);
    const rest = line.slice((quote || item || [""])[0].length);
    const shown = item ? ["• ", ...spans(rest, `${key}.${n}`)] : spans(rest, `${key}.${n}`);
    const whole = quote ? [createElement("q", { key: `${key}.${n}q` }, shown)] : shown;
    return n ? ["\n", ...whole] : whole;
  });
  return parts;
}

function spans(text, key) {
  const found = SPAN.exec(text);
  if (!found) return text ? [text] : [];
  const [whole, code, mark, inner] = found;
  const before = text.slice(0, found.index);
  const content = code ?? spans(inner, `${key}i`);
  const shown = createElement(code ? "code" : TAGS[mark], { key }, content);
  return [...(before ? [before] : []), shown, ...spans(text.slice(found.index + whole.length), `${key}+`)];
}

// Puts `mark` around what is selected in the field `id`, or takes it away where it is already.
export function wrapText(id, mark) {
  const field = document.getElementById(id);
  if (!field) return;
  const { selectionStart: start, selectionEnd: end, value } = field;
  const chosen = value.slice(start, end);
  const isMarked = chosen.length > 2 * mark.length && chosen.startsWith(mark) && chosen.endsWith(mark);
  const inner = isMarked ? chosen.slice(mark.length, -mark.length) : chosen;
  insertText(id, isMarked ? inner : mark + inner + mark);
  if (!chosen) field.setSelectionRange(start + mark.length, start + mark.length);
  else field.setSelectionRange(start, start + inner.length + (isMarked ? 0 : 2 * mark.length));
}

// Something that opens under its button and closes by Escape, a click elsewhere, or a choice in it.
export function Flap({ label, title, children, ...props }) {
  const ref = useRef(null);
  useLayoutEffect(() => {
    const close = (event) => {
      const flap = ref.current;
      if (!flap.open || (event.type === "pointerdown" && flap.contains(event.target))) return;
      if (event.type === "keydown" && event.key !== "Escape") return;
      flap.open = false;
      if (event.type === "keydown") flap.querySelector("summary").focus();
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, []);
  const onClick = (event) => {
    if (event.target.closest("[data-closes]")) ref.current.open = false;
  };
  const summary = createElement("summary", { title, "aria-label": title }, label);
  const body = createElement("div", { className: "flap-body", onClick }, children);
  return createElement("details", { ...props, ref }, summary, body);
}

// Emoji to choose from; `groups` are separated by a bar, the emoji in them by blanks.
export function EmojiGrid({ groups, field, ...props }) {
  const row = (group, n) => {
    const buttons = group.trim().split(" ").map((emoji) =>
      createElement("button", { key: emoji, type: "button", onClick: () => insertText(field, emoji) }, emoji));
    return createElement("div", { key: n, className: "emoji-row" }, buttons);
  };
  return createElement("div", props, groups.split("|").map(row));
}
