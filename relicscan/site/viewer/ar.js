// The relic in the visitor's room, at its true size: WebXR, else Scene Viewer on Android, else
// Quick Look on iOS. Each needs the scale.
import { Matrix4, Mesh, Quaternion, RingGeometry, Vector3 } from 'three';
import { flatMaterial } from './material.js';

const UP = new Vector3(0, 1, 0);

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

export function createAr(stage, { word, say, world, changed }) {
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
    world.model.visible = false;
    // The relic stays where it is, and its light with it: the room is moved around it.
    const room = renderer.xr.getReferenceSpace();
    const [x, , z] = stage.middle;
    function place() {
      const spot = new Vector3().setFromMatrixPosition(found);
      const turn = Math.atan2(eye.x - spot.x, eye.z - spot.z);
      const foot = new Vector3(x, world.box.min.y, z).applyAxisAngle(UP, turn);
      spot.sub(foot);
      const { x: qx, y: qy, z: qz, w } = new Quaternion().setFromAxisAngle(UP, turn);
      renderer.xr.setReferenceSpace(room.getOffsetReferenceSpace(
        new XRRigidTransform({ x: spot.x, y: spot.y, z: spot.z }, { x: qx, y: qy, z: qz, w }),
      ));
      world.model.visible = true;
    }
    const found = new Matrix4();
    const eye = new Vector3();
    Object.assign(stage.camera, { near: 0.02, far: 50 });
    say(word('ar_place'));
    session.addEventListener('select', () => { if (ring.visible) place(); });
    renderer.setAnimationLoop((time, frame) => {
      const [hit] = frame?.getHitTestResults(source) ?? [];
      const here = frame?.getViewerPose(room);
      ring.visible = Boolean(hit && here);
      if (ring.visible) {
        const { x: ex, y: ey, z: ez } = here.transform.position;
        eye.set(ex, ey, ez);
        found.fromArray(hit.getPose(room).transform.matrix);
        ring.matrix.fromArray(hit.getPose(renderer.xr.getReferenceSpace()).transform.matrix);
      }
      renderer.render(scene, stage.camera);
    });
    session.addEventListener('end', () => {
      renderer.setAnimationLoop(null);
      renderer.xr.setReferenceSpace(null);
      renderer.xr.enabled = false;
      scene.remove(ring);
      ring.geometry.dispose();
      ring.material.dispose();
      root.remove();
      world.model.visible = true;
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
