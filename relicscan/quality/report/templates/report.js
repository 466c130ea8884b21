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
// What is folded would be missing on paper.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
});
