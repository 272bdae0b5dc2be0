// Keeps a list, or the page of a compendium, current by the events of compendia and jobs.
import { refresher } from "./parts.js";
import { follow } from "./stream.js";

const wanted = document.querySelector("[data-follow]")?.dataset.follow;

if (wanted !== undefined) {
  const refresh = refresher(500);
  let first = true;
  follow(wanted ? `/api/v1/events?compendium=${encodeURIComponent(wanted)}` : "/api/v1/events", {
    heard: { compendium: refresh, job: refresh, reset: refresh },
    tell: (sentence) => {
      // What happened between the page and the first event is not in the stream.
      if (!sentence && first) {
        first = false;
        refresh();
      }
    },
    shown: refresh,
  });
}
