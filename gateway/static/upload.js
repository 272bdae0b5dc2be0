// Sends the upload with a progress bar, and says before sending when it is too large.
const form = document.getElementById("upload");
const said = document.getElementById("upload-said");
const progress = document.getElementById("upload-progress");
const button = form?.querySelector("button");

function busy(on) {
  progress.hidden = !on;
  button.disabled = on;
}

function moved({ loaded, total }) {
  const share = total ? Math.floor((100 * loaded) / total) : 0;
  progress.querySelector("progress").value = share;
  progress.querySelector("span").textContent = share < 100 ? `${share} %` : "Being received…";
}

function refused(request) {
  busy(false);
  const lines = [...(request.response?.querySelectorAll("main h1, main p.lines") ?? [])];
  said.textContent = lines.map((line) => line.textContent.trim()).join(". ") || "The upload was not accepted.";
}

function send() {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "document";
  request.setRequestHeader("Accept", "text/html");
  request.upload.onprogress = moved;
  request.onload = () => (request.status === 200 ? location.assign(request.responseURL) : refused(request));
  request.onerror = () => {
    busy(false);
    said.textContent = "The connection broke before the upload was complete. Please try again.";
  };
  busy(true);
  request.send(new FormData(form));
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  said.textContent = "";
  const file = form.elements.compendium.files[0];
  if (file && file.size > Number(form.dataset.limit)) {
    said.textContent = `This file is too large: at most ${form.dataset.limitText} are accepted.`;
    return;
  }
  if (file) send();
});

window.addEventListener("pageshow", (event) => event.persisted && progress && busy(false));
