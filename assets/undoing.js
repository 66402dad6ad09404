// The toast that takes back what was just done. Page after page brings the handlers; a toast that was
// there before calls those of the page that is open when it is pressed.
import { useEffect } from "react";
import { toast } from "sonner";

const LASTS = 10000; // milliseconds; it stays while it is pointed at, or the tab is behind others
let takers = {};

// What the server says of it (states/undoing.py): text, label, kind and secret.
globalThis.document?.addEventListener("undoable", ({ detail }) => {
  const onClick = () => takers[detail.kind]?.(detail.secret);
  toast.success(detail.text, { duration: LASTS, action: { label: detail.label, onClick } });
});

export function UndoOffers(handlers) {
  useEffect(() => {
    takers = handlers;
  });
  return null;
}
