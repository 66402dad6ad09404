// The few things that only the browser can do: tick, ask, type, put words into the document.
// What concerns the writing of messages is in writing.js.
import { createElement, useEffect, useRef, useState } from "react";

// Calls onBeat every `every` milliseconds while the page is in view, and at once when it comes back.
export function Pulse({ every, onBeat }) {
  const latest = useRef(onBeat);
  useEffect(() => {
    latest.current = onBeat;
  });
  useEffect(() => {
    const beat = () => document.hidden || latest.current?.();
    const timer = setInterval(beat, every);
    document.addEventListener("visibilitychange", beat);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", beat);
    };
  }, [every]);
  return null;
}

// A question over the page. The native dialog keeps the focus inside and gives it back afterwards.
export function Modal({ shown, onNo, children, ...props }) {
  const ref = useRef(null);
  useEffect(() => {
    const dialog = ref.current;
    if (shown && !dialog.open) dialog.showModal();
    if (!shown && dialog.open) dialog.close();
  }, [shown]);
  const say = (event) => {
    event.preventDefault();
    onNo?.();
  };
  const onClick = (event) => event.target === ref.current && say(event);
  return createElement("dialog", { ...props, ref, onCancel: say, onClick }, shown ? children : null);
}

// A text field whose letters never wait for the server: it tells what was typed after a short rest,
// and takes a value from the server only while nobody types in it.
export function TypedField({ multiline, value, onText, rest = 200, ...props }) {
  const [text, setText] = useState(value);
  const ref = useRef(null);
  const timer = useRef(0);
  useEffect(() => {
    if (document.activeElement !== ref.current) setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []); // another text took its place
  const tell = (typed) => {
    clearTimeout(timer.current);
    timer.current = 0;
    onText?.(typed);
  };
  const onChange = (event) => {
    const typed = event.target.value;
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => tell(typed), rest);
  };
  const onBlur = () => timer.current && tell(ref.current.value);
  const tag = multiline ? "textarea" : "input";
  return createElement(tag, { ...props, ref, value: text, onChange, onBlur });
}

// Puts `text` where the cursor is in the field `id`, as if it had been typed.
export function insertText(id, text) {
  const field = document.getElementById(id);
  if (!field) return;
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// Copies what is in the field `id`, also where the connection is not a secure one.
export function copyField(id) {
  const field = document.getElementById(id);
  if (!field) return;
  field.select();
  document.execCommand("copy");
}

// Title and language of the document; `ready` ends the wait that assets/first.js may have begun.
export function DocumentWords({ lang, title, ready }) {
  useEffect(() => {
    document.title = title;
    if (!ready) return;
    document.documentElement.lang = lang;
    delete document.documentElement.dataset.waiting;
  }, [lang, title, ready]);
  return null;
}

// [code, name] of countries in a language, by name.
export function countries(codes, lang) {
  const names = new Intl.DisplayNames([lang], { type: "region" });
  const pairs = codes.split(" ").map((code) => [code, names.of(code)]);
  return pairs.sort((one, other) => one[1].localeCompare(other[1], lang));
}

// Time zones that the browser knows, and the one that is set.
export function timeZones(current) {
  return [...new Set([current, ...Intl.supportedValuesOf("timeZone")])].sort();
}
