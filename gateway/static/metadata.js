// Adds rows of authors without a reload, and warns before what was typed is lost.
const form = document.querySelector("form.metadata");
const people = document.getElementById("people");
let changed = document.querySelector("[role=alert]") !== null;

document.getElementById("more")?.addEventListener("click", (event) => {
  event.preventDefault();
  const number = people.children.length;
  const row = people.lastElementChild.cloneNode(true);
  row.setAttribute("aria-label", `Author ${number + 1}`);
  for (const wrong of row.querySelectorAll(".wrong")) wrong.remove();
  for (const label of row.querySelectorAll("label")) label.htmlFor = label.htmlFor.replace(/-\d+-/, `-${number}-`);
  for (const input of row.querySelectorAll("input")) {
    input.id = input.name = input.name.replace(/-\d+-/, `-${number}-`);
    input.value = "";
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  people.append(row);
  row.querySelector("input").focus();
});

form?.addEventListener("input", () => (changed = true));
form?.addEventListener("submit", () => (changed = false));
window.addEventListener("beforeunload", (event) => changed && event.preventDefault());
