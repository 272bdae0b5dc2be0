// Asks for the state of a shipment until it is packed; not while the tab is hidden.
import { load, put } from "./parts.js";

let wait = 500;

async function look() {
  if (!document.querySelector("[data-live]")) return;
  if (!document.hidden) {
    try {
      put(await load(location.href));
    } catch (error) {
      if (error.status >= 400 && error.status < 500) {
        location.reload();
        return;
      }
      wait = 5000;
    }
  }
  wait = Math.min(wait * 1.5, 5000);
  setTimeout(look, wait);
}

setTimeout(look, wait);
