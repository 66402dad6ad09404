// Calls of the control API; an error carries the server's reason and status.
export async function call(method, path, body) {
  const response = await fetch(`/api${path}`, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error), { status: response.status });
  return answer;
}

export const element = (id) => document.getElementById(id);

export function make(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

// Calls `work` soon, and not again within `interval`, however often it is asked.
export function throttled(work, interval) {
  let timer = 0, again = false;
  const run = async () => {
    timer = setTimeout(() => { timer = 0; if (again) { again = false; run(); } }, interval);
    await work();
  };
  return () => { if (timer) again = true; else run(); };
}

export const showNumber = (digits) => `+${digits.slice(0, 3)} ${digits.slice(3).replace(/\B(?=(\d{3})+$)/g, " ")}`;
export const hueOf = (digits) => (Number(digits.slice(-6)) * 47) % 360;
