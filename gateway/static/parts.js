// Keeps a page current: loads it again and puts in what has changed, part by part. A part is an element with an id and
// `data-part`; with `data-version` it is put in only when the version differs.

/** Loads a page as an inert document: nothing in it runs. Rejects when it is not there. */
export function load(address) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.setRequestHeader("Accept", "text/html");
    request.timeout = 20_000;
    const fail = () => reject(Object.assign(new Error("The page could not be loaded."), { status: request.status }));
    request.onload = () => (request.status === 200 && request.response ? resolve(request.response) : fail());
    request.onerror = request.ontimeout = fail;
    request.send();
  });
}

/** Puts the changed parts of `fresh` into this page; the focus and what is not a part stay. */
export function put(fresh) {
  const focused = document.activeElement?.id;
  document.title = fresh.title;
  for (const part of document.querySelectorAll("[data-part]")) {
    const next = fresh.getElementById(part.id);
    if (!next || sameVersion(part, next) || part.isEqualNode(next)) continue;
    for (const { name } of [...part.attributes]) if (!next.hasAttribute(name)) part.removeAttribute(name);
    for (const { name, value } of next.attributes) part.setAttribute(name, value);
    part.replaceChildren(...next.childNodes);
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
}

function sameVersion(part, next) {
  return part.dataset.version !== undefined && part.dataset.version === next.dataset.version;
}

/** Returns a function that brings the page up to date, at most once in `pause` ms however often it is called. */
export function refresher(pause = 250, then = () => {}) {
  let timer = 0;
  let loading = false;
  let again = false;
  async function refresh() {
    timer = 0;
    loading = true;
    try {
      put(await load(location.href));
      then();
    } catch (error) {
      // What was deleted, or may no longer be seen, says so itself; everything else is tried again.
      if (error.status >= 400 && error.status < 500) location.reload();
      else again = true;
    } finally {
      loading = false;
    }
    if (again) {
      again = false;
      timer = setTimeout(refresh, Math.max(pause, 1000));
    }
  }
  return () => {
    if (loading) again = true;
    else if (!timer) timer = setTimeout(refresh, pause);
  };
}
