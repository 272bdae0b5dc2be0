// Follows a stream of server-sent events: closed while the tab is hidden, resumed where it was when it is shown.

const LONGEST_WAIT = 30_000;

/**
 * Follows `address`. `heard` maps event names to functions of the event's document; `tell` is given a sentence about the
 * connection, or "" when it is well; `shown` is called when the page comes back. Returns a function that ends it.
 */
export function follow(address, { heard, tell = () => {}, shown = () => {} }) {
  let source = null;
  let last = "";
  let wait = 1000;
  let timer = 0;
  let over = false;

  function open() {
    clearTimeout(timer);
    if (source || over || document.hidden) return;
    const url = new URL(address, location.href);
    if (last) url.searchParams.set("last_event_id", last);
    source = new EventSource(url);
    source.onopen = () => {
      wait = 1000;
      tell("");
    };
    source.onerror = () => {
      tell("The connection is interrupted; it is tried again.");
      if (source?.readyState !== EventSource.CLOSED) return;
      close();
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    };
    for (const [name, listener] of Object.entries(heard)) {
      source.addEventListener(name, (event) => {
        last = event.lastEventId || last;
        listener(JSON.parse(event.data));
      });
    }
  }

  function close() {
    source?.close();
    source = null;
  }

  function turn() {
    if (document.hidden) {
      clearTimeout(timer);
      close();
    } else if (!over) {
      shown();
      open();
    }
  }

  document.addEventListener("visibilitychange", turn);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => event.persisted && turn());
  open();
  return () => {
    over = true;
    clearTimeout(timer);
    close();
    tell("");
  };
}
