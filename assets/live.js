// What changes while somebody looks: told over a websocket, and put into the page's state as if the
// page's own server had sent it.
import { useContext, useEffect, useRef } from "react";
import { DispatchContext } from "$/utils/context";

const ENDED = 4401; // the server's word that there is nothing to look at any more
const AGAIN = [500, 4000]; // milliseconds until the next try, at first and at most

// `names` says which var of `state` each part of a message is.
export function Live({ path, state, names, onEnd }) {
  const dispatch = useContext(DispatchContext)[state];
  const ended = useRef(onEnd);
  useEffect(() => {
    ended.current = onEnd;
  });
  useEffect(() => {
    let socket, timer;
    let rest = AGAIN[0];
    const open = () => {
      socket = new WebSocket(location.origin.replace(/^http/, "ws") + path);
      socket.onmessage = ({ data }) => {
        rest = AGAIN[0];
        if (!data) return;
        const parts = Object.entries(JSON.parse(data));
        dispatch(Object.fromEntries(parts.map(([part, value]) => [names[part], value])));
      };
      socket.onclose = ({ code }) => {
        if (code === ENDED) {
          rest = AGAIN[1];
          ended.current?.();
        }
        timer = setTimeout(open, rest * (0.5 + Math.random()));
        rest = Math.min(2 * rest, AGAIN[1]);
      };
    };
    open();
    return () => {
      clearTimeout(timer);
      socket.onclose = socket.onmessage = null;
      socket.close();
    };
  }, [path]);
  return null;
}
