// Two pictures beside each other become one with a slider; without this they stay side by side.
for (const pair of document.querySelectorAll(".pair")) {
  const slider = document.createElement("input");
  slider.type = "range";
  slider.min = 0;
  slider.max = 100;
  slider.value = 50;
  slider.setAttribute("aria-label", pair.dataset.label);
  slider.addEventListener("input", () => pair.style.setProperty("--cut", slider.value + "%"));
  pair.append(slider);
  pair.classList.add("sliding");
}
// Any of the models may stand in the first pair: all were seen by its camera.
const pair = document.querySelector(".pair");
const models = document.querySelectorAll("[data-model]");
if (pair && models.length > 1) {
  const after = pair.querySelector(".after"), image = after.querySelector("img");
  const row = document.createElement("p");
  row.className = "choice";
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "What the first picture shows on the right");
  row.append("In the first picture: ");
  for (const model of models) {
    const button = document.createElement("button"), other = model.querySelector("img");
    button.type = "button";
    button.textContent = model.dataset.model;
    button.setAttribute("aria-pressed", String(other.src === image.src));
    button.addEventListener("click", () => {
      image.src = other.src;
      image.alt = other.alt;
      after.querySelector("figcaption").textContent = model.dataset.model;
      for (const one of row.children) one.setAttribute("aria-pressed", String(one === button));
    });
    row.append(button);
  }
  pair.parentElement.after(row);
}
// What is folded would be missing on paper.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
});
