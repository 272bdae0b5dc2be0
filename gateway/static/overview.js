// Keeps a list, or the page of a compendium, current by the events of compendia and jobs.
import { refresher } from "./parts.js";
import { follow } from "./stream.js";

const wanted = document.querySelector("[data-follow]")?.dataset.follow;

if (wanted !== undefined) {
  const refresh = refresher(500);
  const hear = ({ data }) => {
    if (!wanted || data.compendium_id === wanted) refresh();
  };
  let first = true;
  follow("/api/v1/events", {
    heard: { compendium: hear, job: hear, reset: refresh },
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
