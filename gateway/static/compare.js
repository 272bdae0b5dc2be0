// The evidence of a job: pictures laid over each other, and keys that lead from difference to difference. All of it works
// by events that rise to the document, so that parts of the page may be put in anew meanwhile.

const KEYS = "erc-keys";
const root = document.documentElement;
root.dataset.scripted = "";

function load(stack) {
  for (const image of stack.querySelectorAll("img[data-src]")) {
    image.addEventListener("load", () => stack.style.setProperty("max-width", `${width(stack)}px`), { once: true });
    image.src = image.dataset.src;
    delete image.dataset.src;
  }
}

function width(stack) {
  return Math.max(...[...stack.children].map((image) => image.naturalWidth || 0), 320);
}

function place(range) {
  const { stack } = parts(range.closest(".compared"));
  stack.style.setProperty("--share", `${range.value}%`);
}

function parts(article) {
  return {
    overlay: article.querySelector(".overlay"),
    stack: article.querySelector(".stack"),
    slider: article.querySelector(".slider"),
    sides: article.querySelector(".sides"),
  };
}

function show(article, view) {
  const { overlay, stack, slider, sides } = parts(article);
  overlay.hidden = view === "sides";
  sides.hidden = view !== "sides";
  slider.hidden = view === "difference";
  stack.dataset.view = view;
  if (view === "sides") return;
  load(stack);
  place(slider.querySelector("input"));
}

function next(step) {
  const found = [...document.querySelectorAll("#evidence [data-differs]")];
  if (!found.length) return;
  const here = found.indexOf(document.activeElement?.closest(".compared"));
  const at = here < 0 ? (step > 0 ? 0 : found.length - 1) : Math.min(Math.max(here + step, 0), found.length - 1);
  found[at].focus({ preventScroll: true });
  found[at].scrollIntoView({ block: "start" });
}

function turn() {
  const article = document.activeElement?.closest(".compared") ?? document.querySelector(".compared:has(.views)");
  const choices = [...(article?.querySelectorAll(".views input") ?? [])];
  if (!choices.length) return;
  const chosen = choices[(choices.findIndex((choice) => choice.checked) + 1) % choices.length];
  chosen.checked = true;
  show(article, chosen.value);
}

function filter() {
  document.querySelector(".filter a:not([aria-current])")?.click();
}

function list() {
  const keys = document.querySelector(".keys");
  if (keys) keys.open = !keys.open;
  if (keys?.open) keys.querySelector("summary").focus();
}

const ACTIONS = { n: () => next(1), p: () => next(-1), v: turn, d: filter, "?": list };

function typing(target) {
  return target.closest?.("textarea, select, [contenteditable], input:not([type=radio], [type=range], [type=checkbox])");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || typing(event.target)) return;
  if (localStorage.getItem(KEYS) === "off" || !Object.hasOwn(ACTIONS, event.key)) return;
  event.preventDefault();
  ACTIONS[event.key]();
});

document.addEventListener("change", ({ target }) => {
  if (target.matches?.(".views input")) show(target.closest(".compared"), target.value);
  if (target.id === "keys-on") localStorage.setItem(KEYS, target.checked ? "on" : "off");
});

document.addEventListener("input", ({ target }) => {
  if (target.matches?.(".slider input")) place(target);
});

const box = document.getElementById("keys-on");
if (box && localStorage.getItem(KEYS) === "off") box.checked = false;
