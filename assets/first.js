// Runs before the first paint. Pages come in Spanish; who reads another language waits for it
// (DocumentWords ends the wait, sender.css bounds it) instead of seeing Spanish first.
(() => {
  const chosen = document.cookie.match(/(?:^|; )lang=(es|en|pt)/)?.[1];
  const wishes = (navigator.languages ?? [navigator.language]).map((wish) => wish.slice(0, 2));
  const lang = chosen ?? wishes.find((wish) => ["es", "en", "pt"].includes(wish)) ?? "es";
  if (lang !== "es") document.documentElement.dataset.waiting = lang;
})();
