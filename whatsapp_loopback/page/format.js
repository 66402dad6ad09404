// A message's text with *bold*, _italic_, ~struck~ and ```code```, as safe DOM nodes.
import { make } from "./api.js";

const MARKS = [
  [/```([\s\S]+?)```/, "code"],
  [/(?<![\w*])\*(?=\S)([^*\n]*[^*\s])\*(?![\w*])/, "strong"],
  [/(?<![\w_])_(?=\S)([^_\n]*[^_\s])_(?![\w_])/, "em"],
  [/(?<![\w~])~(?=\S)([^~\n]*[^~\s])~(?![\w~])/, "s"],
];
// Shown as a link, but not followable: nothing leaves this machine.
const LINK = /\bhttps?:\/\/[^\s<>"]+/;

export function formatted(text) {
  const found = [...MARKS, [LINK, "link"]]
    .map(([pattern, tag]) => [text.match(pattern), tag])
    .filter(([match]) => match)
    .sort(([a], [b]) => a.index - b.index)[0];
  if (!found) return text ? [document.createTextNode(text)] : [];
  const [match, tag] = found;
  const inner = tag === "link" ? make("span", "link", match[0])
    : make(tag, "", ...(tag === "code" ? [match[1]] : formatted(match[1])));
  return [
    ...formatted(text.slice(0, match.index)),
    inner,
    ...formatted(text.slice(match.index + match[0].length)),
  ];
}
