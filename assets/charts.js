// Charts. Plotly is a megabyte of script that keeps a slow phone busy for a second: it is fetched, and
// a chart drawn, when the chart is about to be seen, printed or saved.
import { createElement as h, useEffect, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { toast } from "sonner";

// In the first screen, who shows a third of itself above a phone's bar; once somebody scrolls, whoever
// is not far.
const AT_REST = { rootMargin: "0px 0px -64px", threshold: 1 / 3 };
const ON_THE_MOVE = { rootMargin: "600px" };
const PAPER = { paper_bgcolor: "#fff", plot_bgcolor: "#fff" };
const INK = "#44524d";
const PICTURE = { format: "png", width: 1200, height: 600, scale: 2 };

const figures = new Map(); // what the charts of the page show, by their names
let plotly = null; // the library, once it is here

async function library() {
  plotly ??= (await import("plotly.js-basic-dist-min")).default;
  return plotly;
}

// Calls `arrive` when somebody comes to the node; returns what ends the looking.
function whenSeen(node, arrive) {
  const observers = [];
  const look = (from) => {
    // Of the first screen it tells a node that touches it, too, with less than was asked for.
    const isSeen = (entry) => entry.isIntersecting && entry.intersectionRatio >= (from.threshold ?? 0);
    const onLook = (entries) => entries.some(isSeen) && arrive();
    observers.push(new IntersectionObserver(onLook, from));
    observers.at(-1).observe(node);
  };
  const onScroll = () => look(ON_THE_MOVE);
  look(AT_REST);
  addEventListener("scroll", onScroll, { once: true, passive: true });
  return () => {
    removeEventListener("scroll", onScroll);
    observers.forEach((observer) => observer.disconnect());
  };
}

// A figure of data, layout and config. `children` are what stands there if plotly cannot be had.
export function Chart({ name, figure, children, ...props }) {
  const frame = useRef(null);
  const canvas = useRef(null);
  const [isWanted, setWanted] = useState(false);
  const [state, setState] = useState("waiting"); // then drawn, or failed
  useEffect(() => {
    figures.set(name, figure);
    return () => figures.delete(name);
  }, [name, figure]);
  useEffect(() => {
    const want = () => setWanted(true);
    const wantAtOnce = () => flushSync(want); // paper waits for nobody
    const stop = whenSeen(frame.current, want);
    addEventListener("beforeprint", wantAtOnce);
    return () => {
      stop();
      removeEventListener("beforeprint", wantAtOnce);
    };
  }, []);
  useLayoutEffect(() => {
    if (!isWanted) return;
    let isLatest = true;
    const draw = () => {
      if (!isLatest) return;
      const { data, layout, config } = structuredClone(figure); // plotly writes into what it gets
      plotly.react(canvas.current, data, layout, config);
      setState("drawn");
    };
    const fail = (error) => {
      console.error(error);
      setState("failed");
    };
    if (plotly) draw();
    else library().then(draw, fail);
    return () => {
      isLatest = false;
    };
  }, [isWanted, figure]);
  useEffect(() => {
    const drawing = canvas.current;
    return () => plotly?.purge(drawing);
  }, []);
  return h(
    "div",
    { ...props, id: name, ref: frame, role: state === "failed" ? "group" : "img", "data-state": state },
    h("div", { ref: canvas, className: "canvas" }),
    state === "waiting" && h("div", { className: isWanted ? "bone" : "bone still" }),
    state === "failed" && children,
  );
}

// A button that saves the chart `name` as a picture, whether or not the chart was drawn: on white,
// whatever the theme.
export function Picture({ name, file, fault, children, ...props }) {
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    const { data, layout, config } = structuredClone(figures.get(name));
    const { locale, locales } = config;
    const onPaper = { ...layout, ...PAPER, font: { ...layout.font, color: INK } };
    const link = document.createElement("a");
    const figure = { data, layout: onPaper, config: { locale, locales } };
    link.href = await (await library()).toImage(figure, PICTURE);
    link.download = `${file}.png`;
    link.click();
  };
  const fail = (error) => {
    console.error(error);
    toast.error(fault);
  };
  const onClick = () => {
    if (isBusy) return;
    setBusy(true);
    save().catch(fail).finally(() => setBusy(false));
  };
  const busy = isBusy ? { "aria-busy": true, "aria-disabled": true } : {};
  return h("button", { ...props, ...busy, type: "button", onClick }, children);
}
