// The script of a relic's page: small, so that poster and text come first; the viewer follows.
const island = (id) => JSON.parse(document.getElementById(id)?.textContent ?? 'null');

const stage = document.getElementById('stage');
const relic = island('relic');
const { viewer } = document.querySelector('script[data-viewer]')?.dataset ?? {};

if (stage && relic && viewer) {
  stage.dataset.state = 'loading';
  import(new URL(viewer, document.baseURI).href)
    .then(({ openViewer }) => openViewer(stage, relic, { texts: island('texts') ?? {} }))
    .catch((error) => {
      stage.dataset.state = 'failed';
      console.warn(error);
    });
}
