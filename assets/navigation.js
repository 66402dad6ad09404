// Getting about: the sheet of further places on a phone, and the palette that finds anything.
import { createElement as h, useId, useLayoutEffect, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router";

const OPEN = "open-palette";

// A dialog that closes on Escape, on its backdrop, and when a link in it is followed. The browser
// keeps the focus inside, and gives it back to what had it.
function useDialog() {
  const ref = useRef(null);
  const { pathname } = useLocation();
  useLayoutEffect(() => ref.current?.close(), [pathname]);
  const onClick = ({ target }) =>
    (target === ref.current || target.closest("a")) && ref.current.close();
  return [ref, { ref, onClick }];
}

// A button, and what it opens at the foot of the screen.
export function Sheet({ label, icon, current, children, className }) {
  const [dialog, props] = useDialog();
  const onClick = () => dialog.current.showModal();
  return h(
    "div",
    { className },
    h(
      "button",
      {
        type: "button",
        className: "place",
        "aria-haspopup": "dialog",
        "aria-current": current ? "true" : undefined,
        onClick,
      },
      icon,
      h("span", null, label),
    ),
    h("dialog", { ...props, className: "sheet", "aria-label": label }, children),
  );
}

// Opens the palette, wherever that is on the page.
export function PaletteButton({ children, ...props }) {
  const onClick = () => document.dispatchEvent(new Event(OPEN));
  return h("button", { ...props, type: "button", "aria-haspopup": "dialog", onClick }, children);
}

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const RANKS = ["viewer", "sender", "admin"];

// Ctrl-K or Cmd-K: pages by their name, and whatever else `onFind` finds for the text. `pages` and
// `found` are lists of {label, hint, href}; a page may say in `need` whose role it is for.
export function Palette({ pages, found, foundFor, role, onFind, words }) {
  const [dialog, props] = useDialog();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const timer = useRef(0);
  const navigate = useNavigate();
  const id = useId();
  useLayoutEffect(() => { // with the page itself: whoever sees it and presses at once is heard
    const open = () => !dialog.current.open && dialog.current.showModal();
    const onKey = (event) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      open();
    };
    document.addEventListener("keydown", onKey);
    document.addEventListener(OPEN, open);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener(OPEN, open);
      clearTimeout(timer.current);
    };
  }, []);
  const type = (typed, rest) => {
    setText(typed);
    setAt(0);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onFind?.(typed), rest);
  };
  const allowed = RANKS.indexOf(role);
  const shown = [
    ...pages.filter(
      (one) =>
        RANKS.indexOf(one.need) <= allowed && folded(one.label).includes(folded(text.trim())),
    ),
    ...(foundFor === text.trim() ? found : []),
  ];
  const go = (one) => {
    dialog.current.close();
    navigate(one.href);
  };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) setAt((at + step + shown.length) % shown.length);
    else if (event.key === "Enter" && shown[at]) go(shown[at]);
    else return;
    event.preventDefault();
  };
  const option = (one, n) =>
    h(
      "li",
      {
        key: one.href,
        id: `${id}-${n}`,
        role: "option",
        "aria-selected": n === at,
        ref: (item) => n === at && item?.scrollIntoView({ block: "nearest" }),
        onClick: () => go(one),
        onPointerMove: () => setAt(n),
      },
      h("span", null, one.label),
      h("span", { className: "hint" }, one.hint),
    );
  return h(
    "dialog",
    {
      ...props,
      className: "palette",
      "aria-label": words.title,
      onClose: () => text && type("", 0),
    },
    h("input", {
      type: "text", // a search field takes the first Escape for itself
      role: "combobox",
      autoFocus: true,
      autoComplete: "off",
      value: text,
      placeholder: words.title,
      "aria-label": words.title,
      "aria-expanded": shown.length > 0,
      "aria-controls": `${id}-list`,
      "aria-autocomplete": "list",
      "aria-activedescendant": shown.length ? `${id}-${at}` : undefined,
      onChange: (event) => type(event.target.value, 150),
      onKeyDown,
    }),
    h("ul", { id: `${id}-list`, role: "listbox", "aria-label": words.results }, shown.map(option)),
    h("p", { className: "hint", role: "status" }, shown.length ? "" : words.nothing),
  );
}
