// The relic in the visitor's room, at its true size: WebXR, else Scene Viewer on Android, else
// Quick Look on iOS. Each needs the scale.
import { Mesh, RingGeometry } from 'three';
import { flatMaterial } from './material.js';

/** Which way this device has: 'webxr', 'scene-viewer', 'quick-look', or null. */
async function wayFor({ ar }) {
  if (await navigator.xr?.isSessionSupported('immersive-ar').catch(() => false)) return 'webxr';
  if (ar?.glb && /Android/.test(navigator.userAgent)) return 'scene-viewer';
  if (ar?.usdz && document.createElement('a').relList.supports?.('ar')) return 'quick-look';
  return null;
}

/** The address that opens Google's Scene Viewer on a model, for an object of true size. */
export function sceneViewerAddress(glb, title, page) {
  const asked = new URLSearchParams({ file: glb, mode: 'ar_preferred', title, resizable: 'false' });
  return `intent://arvr.google.com/scene-viewer/1.2?${asked}#Intent;scheme=https;`
    + 'package=com.google.android.googlequicksearchbox;action=android.intent.action.VIEW;'
    + `S.browser_fallback_url=${encodeURIComponent(page)};end;`;
}

export function createAr(stage, { word, model, floor, say, changed }) {
  let relic = null;
  let way = null;
  let reason = '';
  let session = null;

  async function webxr() {
    const { renderer, scene } = stage;
    const root = stage.layer('ar-layer');
    const end = document.createElement('button');
    end.type = 'button';
    end.className = 'card-close';
    end.setAttribute('aria-label', word('close'));
    end.addEventListener('click', () => session?.end());
    root.append(end);
    try {
      session = await navigator.xr.requestSession('immersive-ar', {
        requiredFeatures: ['hit-test'], optionalFeatures: ['dom-overlay'], domOverlay: { root },
      });
    } catch (error) {
      root.remove();
      say(word('ar_none'));
      return;
    }
    stage.pause(true);
    renderer.xr.enabled = true;
    renderer.xr.setReferenceSpaceType('local');
    await renderer.xr.setSession(session);
    const viewerSpace = await session.requestReferenceSpace('viewer');
    const source = await session.requestHitTestSource({ space: viewerSpace });
    const ring = new Mesh(new RingGeometry(0.09, 0.11, 40).rotateX(-Math.PI / 2), flatMaterial([1, 1, 1, 0.8]));
    ring.matrixAutoUpdate = ring.visible = false;
    scene.add(ring);
    model.visible = false;
    const before = model.position.clone();
    say(word('ar_place'));
    session.addEventListener('select', () => {
      if (!ring.visible) return;
      model.visible = true;
      model.position.setFromMatrixPosition(ring.matrix);
      model.position.y -= floor();
    });
    renderer.setAnimationLoop((time, frame) => {
      const [hit] = frame?.getHitTestResults(source) ?? [];
      ring.visible = Boolean(hit);
      if (hit) ring.matrix.fromArray(hit.getPose(renderer.xr.getReferenceSpace()).transform.matrix);
      renderer.render(scene, stage.camera);
    });
    session.addEventListener('end', () => {
      renderer.setAnimationLoop(null);
      renderer.xr.enabled = false;
      scene.remove(ring);
      ring.geometry.dispose();
      ring.material.dispose();
      root.remove();
      model.visible = true;
      model.position.copy(before);
      session = null;
      stage.pause(false);
      changed();
    });
  }

  /** A link that is followed at once; Quick Look wants a picture in it. */
  function follow(href, rel) {
    const link = document.createElement('a');
    link.href = href;
    if (rel) link.rel = rel;
    link.append(document.createElement('img'));
    link.click();
  }

  return {
    get way() { return way; },
    get reason() { return reason; },
    async set(next) {
      relic = next;
      way = relic.scale_known ? await wayFor(relic) : null;
      reason = way ? '' : word(relic.scale_known ? 'ar_none' : 'ar_no_scale');
      stage.element.dataset.ar = way ?? 'none';
      changed();
    },
    start() {
      const absolute = (url) => new URL(url, document.baseURI).href;
      if (way === 'webxr') return webxr();
      if (way === 'scene-viewer') {
        follow(sceneViewerAddress(absolute(relic.ar.glb), relic.title, location.href));
      } else if (way === 'quick-look') {
        // Objects of a museum are not to be scaled.
        follow(`${absolute(relic.ar.usdz)}#allowsContentScaling=0`, 'ar');
      }
      return null;
    },
  };
}
