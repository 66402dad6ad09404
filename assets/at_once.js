// Controls that answer at once: what was chosen is shown before the server has said so. Its word wins:
// a refusal, or no answer for a while, puts back what holds.
import {
  Children, createElement as h, useEffect, useId, useLayoutEffect, useRef, useState, useSyncExternalStore,
} from "react";

const PATIENCE = 8000; // milliseconds
const wishes = new Map(); // by name: {value, timer, from: what had the focus}
const listeners = new Set();

const tell = () => listeners.forEach((listener) => listener());
const listen = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

function forget(name) {
  if (!wishes.has(name)) return;
  clearTimeout(wishes.get(name).timer);
  wishes.delete(name);
  tell();
}

// Has everything called `name` show `value`, until the server says what holds.
export function wish(name, value) {
  clearTimeout(wishes.get(name)?.timer);
  const timer = setTimeout(() => forget(name), PATIENCE);
  wishes.set(name, { value, timer, from: document.activeElement });
  tell();
}

globalThis.document?.addEventListener("refused", () => [...wishes.keys()].forEach(forget));

// What is shown in place of the server's `value`, and how to wish for another.
function useAtOnce(value, name) {
  const own = useId();
  const key = name || own;
  const wished = useSyncExternalStore(listen, () => wishes.get(key), () => undefined);
  useEffect(() => {
    if (wishes.get(key)?.value === value) forget(key);
  }, [key, value]);
  useEffect(() => () => forget(own), [own]);
  return [wished ? wished.value : value, (chosen) => wish(key, chosen)];
}

// A check box.
export function Tick({ checked, onTick, ...props }) {
  const [shown, choose] = useAtOnce(checked);
  const onChange = (event) => {
    choose(event.target.checked);
    onTick?.();
  };
  return h("input", { ...props, type: "checkbox", checked: shown, onChange });
}

// A list to choose from.
export function Choice({ value, onChoose, children, ...props }) {
  const [shown, choose] = useAtOnce(value);
  const onChange = (event) => {
    choose(event.target.value);
    onChoose?.(event.target.value);
  };
  return h("select", { ...props, value: shown, onChange }, children);
}

// One of several buttons of which one is pressed; they share a `group`.
export function Segment({ group, own, chosen, onChoose, ...props }) {
  const [shown, choose] = useAtOnce(chosen, group);
  const onClick = () => {
    choose(own);
    onChoose?.();
  };
  return h("button", { ...props, type: "button", "aria-pressed": shown === own, onClick });
}

// A button of an order that the server carries out: it shows that it is busy, and orders nothing more,
// until the server has answered. One of a form is busy when the form is handed in.
export function Press({ onPress, children, ...props }) {
  const [busy, setBusy] = useState(false);
  const ref = useRef(null);
  useEffect(() => {
    if (!busy) return;
    const rest = () => setBusy(false);
    const timer = setTimeout(rest, PATIENCE);
    document.addEventListener("answered", rest);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("answered", rest);
    };
  }, [busy]);
  useLayoutEffect(() => {
    const form = props.type === "submit" && ref.current.form;
    if (!form) return;
    const begin = () => setBusy(true);
    form.addEventListener("submit", begin);
    return () => form.removeEventListener("submit", begin);
  }, [props.type]);
  const onClick = (event) => {
    if (busy) return event.preventDefault();
    if (!onPress) return;
    setBusy(true);
    onPress();
  };
  const state = busy ? { "aria-busy": true, "aria-disabled": true } : {};
  return h("button", { ...props, ...state, ref, onClick }, children);
}

// One of several round buttons; they share a `group`.
export function Radio({ group, own, chosen, onChoose, ...props }) {
  const [shown, choose] = useAtOnce(chosen, group);
  const onChange = () => {
    choose(own);
    onChoose?.();
  };
  return h("input", { ...props, type: "radio", name: group, checked: shown === own, onChange });
}

// Of the children that one which belongs to the value, as `kinds` names them. What takes the place of
// a button that was pressed takes its focus too.
export function Shown({ name, value, kinds, children }) {
  const [shown] = useAtOnce(value, name);
  const ref = useRef(null);
  useLayoutEffect(() => {
    const from = wishes.get(name)?.from;
    if (from && !from.isConnected) ref.current.querySelector("button")?.focus();
  }, [shown]);
  const at = kinds.indexOf(shown);
  return h("span", { ref, className: "in-place" }, at < 0 ? null : Children.toArray(children)[at]);
}
