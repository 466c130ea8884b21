// What a page and its test agree on: the test writes what to show into the address
// (#model=/models/a.glb&light=even&turn=1), the page answers in attributes of <html>, which a
// strict Content-Security-Policy lets the test wait for (it forbids evaluated functions).
const answer = document.documentElement.dataset;

document.addEventListener("securitypolicyviolation", (event) => {
  answer.violations = `${answer.violations ?? ""}${event.violatedDirective} ${event.blockedURI}\n`;
});

/** Call `show(model, light)` for each address; it resolves once the model has been drawn. */
export function showEach(show) {
  const next = async () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    if (!wanted.has("model")) return;
    delete answer.failed;
    try {
      await show(wanted.get("model"), wanted.get("light"));
      await frame();
      await frame();
    } catch (error) {
      answer.failed = String(error?.stack ?? error?.message ?? error);
    }
    answer.shown = wanted.get("turn");
  };
  addEventListener("hashchange", next);
  next();
}

/** The next animation frame. */
export function frame() {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}
