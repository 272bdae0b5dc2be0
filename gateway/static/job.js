// The live page of a job: its parts follow its events, its logs grow, until the job ends.
import { StepLog } from "./log.js";
import { refresher } from "./parts.js";
import { follow } from "./stream.js";

const live = document.getElementById("live");
const logs = new Map();
let current = "";

function log(step) {
  const details = document.getElementById(`log-${step}`);
  if (details && !logs.has(step)) logs.set(step, new StepLog(details));
  return logs.get(step);
}

function hear(chunk) {
  const shown = log(chunk.step);
  if (!shown) return;
  shown.add(chunk);
  if (current !== chunk.step) logs.get(current)?.show(false);
  current = chunk.step;
  shown.show(true);
}

function tick() {
  for (const element of document.querySelectorAll(".elapsed")) {
    const seconds = Math.max(0, Math.round((Date.now() - Date.parse(element.dataset.since)) / 1000));
    element.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  }
}

function tell(sentence) {
  const place = document.getElementById("stream");
  if (place && place.textContent !== sentence) place.textContent = sentence;
}

if (live) {
  const refresh = refresher(150, tick);
  const ticking = setInterval(tick, 1000);
  const end = follow(live.dataset.events, {
    heard: {
      job: refresh,
      log: hear,
      reset: () => {
        for (const shown of logs.values()) shown.begin();
        refresh();
      },
      end: () => {
        end();
        clearInterval(ticking);
        refresh();
      },
    },
    tell: (sentence) => {
      tell(sentence);
      // A job that has ended meanwhile says no more: its stream closes, and need not be opened again.
      if (sentence && !document.querySelector("[data-live]")) end();
    },
    shown: refresh,
  });
  tick();
}
