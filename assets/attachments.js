// Choosing files for a message and sending them to the server, one after the other, with progress.
import { createElement, useEffect, useRef, useState } from "react";

const SHOWN = "image/jpeg,image/png,image/webp,video/*,audio/*"; // what the chooser offers at first

const read = (answer) => {
  try {
    return JSON.parse(answer);
  } catch {
    return {};
  }
};

// Resolves to the stored file's id; rejects with words for the person.
function upload(file, kind, onProgress, fault) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ name: file.name, ...(kind ? { kind } : {}) });
    request.open("POST", `/media?${query}`);
    request.upload.onprogress = (event) => onProgress(event.loaded / Math.max(1, event.total));
    request.onerror = () => reject(fault);
    request.onload = () => {
      const answer = read(request.responseText);
      request.status === 201 ? resolve(answer.id) : reject(answer.detail || fault);
    };
    request.send(file);
  });
}

// Buttons for files as they are shown and for documents, a place to drop files on, and a bar for
// each that is on its way. `children` are the buttons' icons.
export function MediaPicker({ label, documentLabel, hint, fault, room, onAdded, onRefused, children }) {
  const [going, setGoing] = useState([]);
  const [over, setOver] = useState(false);
  const queue = useRef(Promise.resolve());
  const counter = useRef(0);
  const latest = useRef({});
  useEffect(() => {
    latest.current = { onAdded, onRefused };
  });
  const change = (key, done) =>
    setGoing((all) => all.map((one) => (one.key === key ? { ...one, done } : one)));
  const take = (files, kind) => {
    for (const file of [...files].slice(0, Math.max(0, room - going.length))) {
      const key = ++counter.current;
      setGoing((all) => [...all, { key, name: file.name, done: 0 }]);
      queue.current = queue.current
        .then(() => upload(file, kind, (done) => change(key, done), fault))
        .then((media) => latest.current.onAdded?.(media))
        .catch((words) => latest.current.onRefused?.(`${file.name}: ${words}`))
        .then(() => setGoing((all) => all.filter((one) => one.key !== key)));
    }
  };
  const choose = (kind) => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    if (!kind) input.accept = SHOWN;
    input.onchange = () => take(input.files, kind);
    input.click();
  };
  const chooser = (kind, text, icon) =>
    createElement(
      "button",
      {
        type: "button",
        key: kind,
        className: "button button-plain",
        disabled: room <= going.length,
        onClick: () => choose(kind),
      },
      icon,
      text,
    );
  const [media, paper] = children;
  return createElement(
    "div",
    {
      className: over ? "picker dropping" : "picker",
      onDragOver: (event) => {
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files, "");
      },
    },
    going.map((one) =>
      createElement(
        "div",
        { className: "going", key: one.key, role: "status" },
        createElement("span", null, one.name),
        createElement("progress", { value: one.done || undefined, max: 1, "aria-label": one.name }),
      ),
    ),
    createElement(
      "div",
      { className: "chips" },
      chooser("", label, media),
      chooser("document", documentLabel, paper),
      createElement("span", { className: "hint" }, hint),
    ),
  );
}
