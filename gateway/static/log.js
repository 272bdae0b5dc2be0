// Shows the live log of a step: text only, a bounded number of lines, following its end unless the reader scrolled up.

export const LINES = 2000;
const LONGEST_LINE = 4000;
const CUT = "[The beginning of this line is not shown.] ";

const COMMANDS = new RegExp(
  [
    "(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]?", // colours, cursor
    "(?:\\u001b\\]|\\u009d)[^\\u0007\\u001b\\u009c\\n]*(?:\\u0007|\\u001b\\\\|\\u009c)?", // titles, links, clipboard
    "(?:\\u001b[PX^_]|[\\u0090\\u0098\\u009e\\u009f])[^\\u001b\\u009c\\n]*(?:\\u001b\\\\|\\u009c)?",
    "\\u001b[ -/]*[0-~]?",
  ].join("|"),
  "g",
);
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Returns a line without anything that a terminal would act on; of an overwritten line, what stands at last. */
export function clean(line) {
  const whole = line.replace(/\r+$/, "");
  const seen = whole.slice(whole.lastIndexOf("\r") + 1).replace(COMMANDS, "").replace(UNSEEN, "");
  return seen.length > LONGEST_LINE ? `${seen.slice(0, LONGEST_LINE)}…` : seen;
}

/** Returns a line of bounded length: the end of it, as of a progress bar the newest state counts, and says so. */
export function shorten(line) {
  if (line.length <= LONGEST_LINE * 4) return line;
  return `${CUT}${line.slice(-LONGEST_LINE * 3)}`;
}

/** The log of one step in its `<details data-log>`. */
export class StepLog {
  constructor(details) {
    this.details = details;
    this.pre = details.querySelector("pre");
    this.cut = details.querySelector(".cut");
    this.touched = false;
    details.querySelector("summary").addEventListener("click", () => (this.touched = true));
    this.begin();
  }

  /** Forgets what is shown, as for a new attempt. */
  begin(attempt = -1) {
    this.attempt = attempt;
    this.waiting = [];
    this.rest = "";
    this.frame = 0;
  }

  /** Adds a chunk of an attempt; a later attempt takes the place of an earlier one. */
  add({ attempt, text }) {
    if (attempt < this.attempt) return;
    if (attempt > this.attempt) {
      this.begin(attempt);
      this.tail = document.createTextNode("");
      this.pre.replaceChildren(this.tail);
      this.cut.hidden = true;
    }
    const lines = (this.rest + text).split("\n").map(shorten);
    this.rest = lines.pop();
    this.waiting.push(...lines);
    if (this.waiting.length > LINES) {
      this.waiting.splice(0, this.waiting.length - LINES);
      this.cut.hidden = false;
    }
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  /** Opens the log unless the reader has decided about it. */
  show(open) {
    this.details.hidden = false;
    if (!this.touched) this.details.open = open;
  }

  draw() {
    this.frame = 0;
    const { pre } = this;
    const follows = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 40;
    const fresh = document.createDocumentFragment();
    for (const line of this.waiting) fresh.append(document.createTextNode(`${clean(line)}\n`));
    this.waiting = [];
    this.tail.before(fresh);
    this.tail.data = clean(this.rest);
    while (pre.childNodes.length > LINES + 1) {
      pre.firstChild.remove();
      this.cut.hidden = false;
    }
    if (follows) pre.scrollTop = pre.scrollHeight;
  }
}
