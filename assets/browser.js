// The few things that only the browser can do: tick, ask, type, put words into the document.
// What concerns the writing of messages is in writing.js.
import { createElement, useEffect, useRef, useState } from "react";
import { useLocation } from "react-router";

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

// Where the document was loaded, until another place is gone to. Its state was never seen before.
let landing = globalThis.location && location.pathname + location.search;

function usePlace() {
  const { pathname, search } = useLocation();
  return pathname + search;
}

// Shows its first child until the page's own load has ended, and then the others: before, the state
// is as the last visit left it. `ready` falls when the address changes and rises with the end of the
// load; a connection that comes back lets it fall too, and takes nothing away that is in view. Where
// the document was loaded, it may have risen before the page's own script came.
export function Arrival({ ready, children }) {
  const [bones, ...content] = children;
  const place = usePlace();
  const waited = useRef("");
  const [arrived, setArrived] = useState(ready && place === landing ? place : "");
  useEffect(() => {
    if (!ready) waited.current = place;
    else if (waited.current === place) setArrived(place);
  }, [ready, place]);
  return arrived === place ? content : bones;
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
// and takes a value from the server only while nobody types in it, or where another text takes its
// place, as `filled` counts.
export function TypedField({ multiline, value, filled, onText, rest = 200, ...props }) {
  const [text, setText] = useState(value);
  const ref = useRef(null);
  const timer = useRef(0);
  const fillings = useRef(filled);
  useEffect(() => {
    const isAnother = filled !== fillings.current;
    fillings.current = filled;
    if (!isAnother && document.activeElement === ref.current) return;
    clearTimeout(timer.current);
    timer.current = 0;
    setText(value);
  }, [value, filled]);
  useEffect(() => () => clearTimeout(timer.current), []);
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

// Loads the page anew.
export const reload = () => location.reload();

// Title and language of the document; `ready` ends the wait that assets/first.js may have begun.
export function DocumentWords({ lang, title, ready }) {
  const place = usePlace();
  useEffect(() => {
    if (place !== landing) landing = "";
  }, [place]);
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
