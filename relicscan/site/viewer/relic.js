// The script of a relic's page: small, so that poster and text come first; the viewer follows, and
// with it the buttons that need it.
const island = (id) => JSON.parse(document.getElementById(id)?.textContent ?? 'null');

const stage = document.getElementById('stage');
const relic = island('relic');
const { viewer: address } = document.querySelector('script[data-viewer]')?.dataset ?? {};

function begin(viewer) {
  document.querySelectorAll('.tools, [data-detail]').forEach((one) => { one.hidden = false; });
  document.addEventListener('click', ({ target }) => {
    const button = target.closest?.('[data-detail]');
    if (!button) return;
    viewer.detail(button.dataset.detail);
    stage.scrollIntoView({ block: 'nearest' });
    stage.focus({ preventScroll: true });
  });
  document.addEventListener('page:language', () => {
    document.querySelectorAll('.tools, [data-detail]').forEach((one) => { one.hidden = false; });
    viewer.speak?.(island('texts') ?? {}, island('relic'));
  });
}

if (stage && relic && address) {
  stage.dataset.state = 'loading';
  import(new URL(address, document.baseURI).href)
    .then(({ openViewer }) => openViewer(stage, relic, { texts: island('texts') ?? {} }))
    .then(begin)
    .catch((error) => {
      stage.dataset.state = 'failed';
      console.warn(error);
    });
}
